import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nas_algos.compare import distinct_searches
from nas_algos.objectives import INFEASIBLE, best_quality
from nas_algos.strategies.auto import AutoSettings, auto
from nas_algos.strategies.gaussian_process import GaussianProcessSettings, _most_volume, gaussian_process

BY_LAPACK = ("cholesky", "triangular_solve")


def by_lapack(equation):
    """Whether LAPACK is called in an equation of a jaxpr, or in a function that it calls."""
    inner = [value.jaxpr for value in equation.params.values() if hasattr(value, "jaxpr")]
    return equation.primitive.name in BY_LAPACK or any(by_lapack(each) for jaxpr in inner for each in jaxpr.eqns)


def waits_for_all_before(jaxpr):
    """For each equation that calls LAPACK, whether it needs what every earlier one gave."""
    needed, calls, found = {}, 0, []
    for equation in jaxpr.eqns:
        before = set().union(*(needed.get(each, set()) for each in equation.invars if not hasattr(each, "val")))
        if by_lapack(equation):
            found.append(before == set(range(calls)))
            before, calls = before | {calls}, calls + 1
        needed.update(dict.fromkeys(equation.outvars, before))
    return found


@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_many_searches_at_once_call_lapack_for_one_batch_at_a_time(objectives):
    strategy = gaussian_process((3, 4, 2), GaussianProcessSettings(objectives=objectives, memory=8))
    states = jax.vmap(strategy.init)(jax.random.split(jax.random.key(0), 2))
    asked = jax.make_jaxpr(jax.vmap(strategy.ask))(states, jax.random.split(jax.random.key(1), 2))
    assert waits_for_all_before(asked.jaxpr) == [True]


def test_two_batches_of_which_none_waits_are_seen():
    jaxpr = jax.make_jaxpr(lambda one, other: (jax.numpy.linalg.cholesky(one), jax.numpy.linalg.cholesky(other)))
    matrices = jax.numpy.eye(2)[None]
    assert waits_for_all_before(jaxpr(matrices, matrices).jaxpr) == [True, False]


@pytest.mark.parametrize("trainings", [60, 600])
def test_auto_that_sees_all_searches_by_the_score_within_the_bound(trainings):
    errors, costs = np.indices((4, 4, 4, 4)).reshape(4, -1).sum(0), np.indices((4, 4, 4, 4)).reshape(4, -1)[0]
    scores = best_quality({"cost": 1.0}).score(errors.astype(float), {"cost": costs.astype(float)})
    strategy = auto((4, 4, 4, 4), AutoSettings(trainings), sees_all=True)
    found = distinct_searches(
        strategy, np.stack([scores, -errors], 1)[None], 60, jax.random.split(jax.random.key(0), 1)
    )
    # by hand: the bound takes the first decision's last two choices away, so that 1 + 3 + 3 + 3 is the best
    best = found[0].genotypes[np.argmin(found[0].scores[:, 0])]
    assert best[0] <= 1
    assert best.sum() >= 8


@pytest.mark.parametrize(
    ("choices", "settings", "count"),
    [
        ((3, 4, 12), GaussianProcessSettings(batch=1, first=12), 12),
        ((3, 4, 12), GaussianProcessSettings(batch=4, first=10), 12),
        ((2, 4), GaussianProcessSettings(batch=2, first=8, memory=4), 4),  # it remembers no more
    ],
)
def test_the_first_genotypes_take_each_choice_equally_often_however_small_the_rounds(choices, settings, count):
    strategy = gaussian_process(choices, settings)
    state, ask = strategy.init(jax.random.key(0)), jax.jit(strategy.ask)
    for number in range(count // settings.batch):
        rows = ask(state, jax.random.key(number))
        state = strategy.tell(state, rows, jnp.ones(settings.batch))
    for decision, many in enumerate(choices):
        assert (np.bincount(state.genotypes[:count, decision], minlength=many) == count // many).all()


def test_what_misses_the_bound_is_learned_from_where_it_is_seen():
    """Of two choices that both miss the bound, the one that errs less; a process that sees no error knows neither."""
    strategy = gaussian_process((2, 8), GaussianProcessSettings(batch=1, first=1, candidates=400), sees_all=True)
    rows = jnp.array([[1, each] for each in range(8)], jnp.int32)
    errors = jnp.array([0.9, 0.8, 0.7, 0.1, 0.9, 0.8, 0.7, 0.9])
    state = strategy.init(jax.random.key(0))
    for row, error in zip(rows, errors, strict=True):
        state = strategy.tell(state, row[None], jnp.array([[2 * INFEASIBLE, error]]))
    asked = [strategy.ask(state, jax.random.key(seed))[0].tolist() for seed in range(3)]
    assert asked == [[0, 3]] * 3


def test_where_no_guess_adds_volume_the_likeliest_to_keep_the_bound_are_asked():
    nothing_known, alike = jnp.zeros(4, bool), jnp.full((6, 2), -1e-3)
    kept = jnp.array([0.1, 0.2, 0.3, 0.9, 0.8, 0.7])
    # by hand: the first pick attains what all others guess
    asked = _most_volume(jnp.zeros((4, 2)), nothing_known, alike, kept, jnp.ones(6, bool), 4)
    assert asked.tolist() == [3, 4, 5, 2]
    # one that is not left adds volume, and decides nothing
    best_gone = alike.at[0].set(-1.0)
    asked = _most_volume(jnp.zeros((4, 2)), nothing_known, best_gone, kept, jnp.arange(6) > 0, 3)
    assert asked.tolist() == [3, 4, 5]
