import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nas_algos.errors import AlgorithmInputError
from nas_algos.ledger import Spend
from nas_algos.objectives import best_quality, pareto
from nas_algos.problem import Evaluation
from nas_algos.strategies.random_search import RandomSettings, random_search
from nas_algos.strategies.regularised_evolution import EvolutionSettings, regularised_evolution
from nas_algos.successive_halving import HalvingSettings, found, hyperband, successive_halving

PASSES = {"smoke": 1, "quick": 3, "full": 9}
FIDELITIES = list(PASSES)
OBJECTIVE = best_quality({"latency_ms": 100.0})


class Trained:
    """Quality is the sum of decisions, the more blurred the shorter the training; decision 0 at 3 never trains."""

    name = "toy"
    cardinalities = (4, 5, 5)

    def __init__(self, known=None, broken=False):
        self.known, self.broken, self.asked = {} if known is None else known, broken, []

    def cost(self, genotypes):
        return {"latency_ms": jnp.asarray(genotypes)[:, 1].astype(jnp.float32)}

    def evaluate(self, genotype, fidelity, seed):
        which = tuple(np.asarray(genotype).tolist()), fidelity, seed
        self.asked.append(which)
        if which in self.known:
            return self.known[which]._replace(spend=Spend())
        noise = np.random.default_rng([*which[0], PASSES[fidelity], seed]).normal(0, 1 / PASSES[fidelity])
        failed = self.broken or which[0][0] == 3
        spend = Spend(1, PASSES[fidelity] * 100, PASSES[fidelity] * 2e6, 0.5, 0.0)
        self.known[which] = Evaluation(float(sum(which[0]) + noise), spend, "diverged" if failed else None)
        return self.known[which]


def halved(problem, count=18, seed=0, batch=4, key=0):
    strategy = random_search(problem.cardinalities, RandomSettings(batch))
    settings = HalvingSettings(count, 3)
    return successive_halving(strategy, problem, OBJECTIVE, FIDELITIES, seed, jax.random.key(key), settings)


def test_a_third_goes_on_and_it_is_the_best_third_that_did_not_fail():
    halving = halved(Trained())
    assert [rung.fidelity for rung in halving.rungs] == FIDELITIES
    assert [len(rung.scores) for rung in halving.rungs] == [18, 6, 2]
    for lower, upper in zip(halving.rungs, halving.rungs[1:], strict=False):
        best = np.argsort(lower.scores, kind="stable")[: len(upper.scores)]
        assert (upper.genotypes == lower.genotypes[np.sort(best)]).all()
        assert (upper.genotypes[:, 0] != 3).all()
    assert (halving.rungs[0].genotypes[:, 0] == 3).any()
    assert len(np.unique(halving.rungs[0].genotypes, axis=0)) == 18


def test_the_ledger_charges_every_training_by_its_fidelity():
    halving = halved(Trained())
    assert halving.spend.trainings.tolist() == list(range(1, 27))
    assert halving.spend.example_passes[-1] == 100 * (18 * 1 + 6 * 3 + 2 * 9)


def test_the_key_decides_and_the_seed_reaches_every_training():
    once, again, other = halved(Trained()), halved(Trained()), halved(Trained(), key=1)
    assert (once.rungs[0].genotypes == again.rungs[0].genotypes).all()
    assert (once.rungs[0].genotypes != other.rungs[0].genotypes).any()
    problem = Trained()
    halved(problem, seed=7)
    assert {seed for _, _, seed in problem.asked} == {7}


def test_an_interrupted_one_ends_the_same_and_pays_only_for_what_was_left():
    whole = halved(Trained())
    past = Trained()
    halved(past)
    kept = dict(list(past.known.items())[:11])
    resumed = halved(Trained(kept))
    for expected, rung in zip(whole.rungs, resumed.rungs, strict=True):
        assert (rung.genotypes == expected.genotypes).all()
        np.testing.assert_array_equal(rung.scores, expected.scores)
    assert resumed.spend.trainings[-1] == whole.spend.trainings[-1] - 11


def test_of_equal_ones_the_first_proposed_goes_on():
    problem = Trained()
    problem.evaluate = lambda genotype, fidelity, seed: Evaluation(1.0, Spend(1))
    halving = halved(problem)
    assert (halving.rungs[1].genotypes == halving.rungs[0].genotypes[:6]).all()
    assert (found(halving) == halving.rungs[0].genotypes[0]).all()


def test_where_everything_fails_it_ends_and_says_so():
    halving = halved(Trained(broken=True))
    assert [rung.fidelity for rung in halving.rungs] == ["smoke"]
    with pytest.raises(AlgorithmInputError, match="every training failed"):
        found(halving)


def test_a_space_smaller_than_the_count_is_used_up():
    assert len(halved(Trained(), count=1_000, batch=40).rungs[0].scores) == 100


def test_at_equal_spend_it_finds_better_networks_than_full_trainings_of_random_ones():
    halvings = [found(halved(Trained(), key=key)) for key in range(30)]
    # 54 passes: six full trainings of uniform genotypes
    problem, generator = Trained(), np.random.default_rng(0)
    fulls = []
    for _ in range(30):
        rows = generator.integers(0, problem.cardinalities, (6, 3))
        quality = [-np.inf if row[0] == 3 else problem.evaluate(row, "full", 0).quality for row in rows]
        fulls.append(rows[int(np.argmax(quality))])
    ours, theirs = (np.array(rows).sum(1) for rows in (halvings, fulls))
    error = np.sqrt(ours.var(ddof=1) / 30 + theirs.var(ddof=1) / 30)
    assert ours.mean() - theirs.mean() > 2 * error


def test_hyperband_runs_the_brackets_of_its_paper_and_adds_up_their_spend():
    problem = Trained()
    strategy = regularised_evolution(problem.cardinalities, EvolutionSettings(5, 2))
    halving = hyperband(strategy, problem, OBJECTIVE, FIDELITIES, 0, jax.random.key(0))
    # three fidelities, eta 3: 9, 5 and 3 genotypes start at the first, second and third
    sizes = [(rung.fidelity, len(rung.scores)) for rung in halving.rungs]
    assert sizes == [("smoke", 9), ("quick", 3), ("full", 1), ("quick", 5), ("full", 1), ("full", 3)]
    assert halving.spend.trainings[-1] == len(problem.known)
    assert (np.diff(halving.spend.example_passes) >= 0).all()
    full = [rung for rung in halving.rungs if rung.fidelity == "full"]
    scores = np.concatenate([rung.scores for rung in full])
    assert (found(halving) == np.concatenate([rung.genotypes for rung in full])[np.argmin(scores)]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"settings": HalvingSettings(0, 3)}, "count is 0"),
        ({"settings": HalvingSettings(9, 1)}, "keep is 1; allowed: 2 to 1000"),
        ({"fidelities": []}, "fidelities are empty"),
        ({"objective": pareto(["latency_ms"])}, "has 2 columns; allowed: 1"),
    ],
)
def test_settings_that_are_not_allowed_are_named(change, message):
    given = {"objective": OBJECTIVE, "fidelities": FIDELITIES, "seed": 0, "key": jax.random.key(0)} | change
    with pytest.raises(AlgorithmInputError, match=message):
        successive_halving(random_search((4, 5, 5)), Trained(), **given)
