import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nas_algos import loops
from nas_algos.errors import AlgorithmInputError
from nas_algos.ledger import Spend
from nas_algos.objectives import best_quality, pareto
from nas_algos.problem import Evaluation
from nas_algos.strategies.random_search import RandomSettings, random_search
from nas_algos.strategies.regularised_evolution import EvolutionSettings, regularised_evolution


class Trained:
    """Decision 0 is quality and decision 1 latency; trains each network once, and 3 never trains."""

    name = "toy"
    cardinalities = (4, 5)

    def __init__(self):
        self.known = set()

    def cost(self, genotypes):
        return {"latency_ms": genotypes[:, 1].astype(jnp.float32)}

    def evaluate(self, genotype, fidelity, seed):
        assert (fidelity, seed) == ("quick", 7)
        which = tuple(genotype.tolist())
        spend = Spend() if which in self.known else Spend(1, 100, 2e6, 0.5, 0.25)
        self.known.add(which)
        return Evaluation(float(which[0]), spend, "diverged" if which[0] == 3 else None)


def test_the_ledger_of_a_search_charges_each_training_once_and_never_shrinks():
    problem, strategy = Trained(), random_search((4, 5), RandomSettings(batch=3))
    objective = best_quality({"latency_ms": 2.0})
    trials, spend = loops.run_problem(strategy, problem, objective, "quick", 7, 10, jax.random.key(0))
    rows = [tuple(row) for row in np.asarray(trials.genotypes).tolist()]
    distinct = [len(set(rows[: n + 1])) for n in range(30)]
    assert spend.trainings.tolist() == distinct
    np.testing.assert_allclose(spend.joules, 0.25 * np.array(distinct))
    assert distinct[-1] < 30


def test_scores_of_a_problem_are_those_of_the_objective_and_an_error_is_a_failure():
    strategy = random_search((4, 5), RandomSettings(batch=30))
    objective = best_quality({"latency_ms": 2.0})
    trials, _ = loops.run_problem(strategy, Trained(), objective, "quick", 7, 1, jax.random.key(0))
    quality, latency = np.asarray(trials.genotypes).T
    assert (np.isinf(trials.scores) == (quality == 3)).all()
    infeasible = (latency > 2) & (quality != 3)
    assert infeasible.any()
    assert (np.asarray(trials.scores)[infeasible] > 2).all()


def test_an_objective_with_other_columns_than_the_strategy_takes_is_named():
    strategy = random_search((4, 5))
    with pytest.raises(AlgorithmInputError, match="takes 1 objectives; quality against latency_ms has 2"):
        loops.run_problem(strategy, Trained(), pareto(["latency_ms"]), "quick", 7, 1, jax.random.key(0))


@pytest.mark.parametrize("batch", [1, 4])
def test_evolution_keeps_the_youngest_where_rounds_wrap_around_the_ring(batch):
    strategy = regularised_evolution((100,), EvolutionSettings(population=6, tournament=2, batch=batch))
    state = strategy.init(jax.random.key(0))
    for age in range(0, 20, batch):
        ages = jnp.arange(age, age + batch)
        state = strategy.tell(state, ages[:, None].astype(jnp.int32), ages.astype(jnp.float32))
    assert sorted(state.scores.tolist()) == [14, 15, 16, 17, 18, 19]
    assert state.genotypes[:, 0].tolist() == state.scores.tolist()
