import jax
import pytest

from nas_algos.strategies.gaussian_process import GaussianProcessSettings, gaussian_process

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
    assert waits_for_all_before(asked.jaxpr) == [True] * 4


def test_two_batches_of_which_none_waits_are_seen():
    jaxpr = jax.make_jaxpr(lambda one, other: (jax.numpy.linalg.cholesky(one), jax.numpy.linalg.cholesky(other)))
    matrices = jax.numpy.eye(2)[None]
    assert waits_for_all_before(jaxpr(matrices, matrices).jaxpr) == [True, False]
