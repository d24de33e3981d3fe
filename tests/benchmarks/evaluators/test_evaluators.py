"""What every evaluator must do: tickets, failures, going on after a stop, and what is charged."""

import math
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators import trained
from benchmarks.evaluators.spec import SearchSpec, space_costs
from benchmarks.evaluators.trained import TrainedEvaluator, TrainingPool, at_share
from benchmarks.evaluators.zero_shot import BATCH
from benchmarks.evaluators.zero_shot_search import scored, search_zero_shot
from benchmarks.runtime.handles import JobFailedError
from benchmarks.runtime.worker_data import WorkerData
from benchmarks.store.records import Trial
from benchmarks.store.sqlite import open_store
from hw_model.cost import count_macs
from nas_algos.loop import Search, search, side_by_side
from nas_algos.objectives import highest_quality
from nas_algos.policies import Policy
from nas_algos.single_shot.inherited import inherited_weights
from nas_algos.strategies.random_search import RandomSettings, random_search
from nas_algos.tabular import make_table, tabular
from tasks.training import training_flops
from tests.benchmarks.noise_pictures import FIDELITY, TASK, noise_pictures
from tests.nas_algos.single_shot.toy_supernet import ToySupernet
from tests.tasks.networks.supernet_spaces import CLASSIFICATION

COST = jax.jit(space_costs(CLASSIFICATION, "npu-p16"))


class Inline:
    """As LocalExecutor, in this process; counts its jobs.  Those of a seed above 90 fail, as where a worker died."""

    jobs = 0

    def __init__(self, *_):
        self.waiting = []

    def submit(self, function, job):
        Inline.jobs += 1

        def result():
            if job.seed > 90:
                raise JobFailedError("worker killed")
            return function(None, job, None)

        error = "worker killed" if job.seed > 90 else None
        self.waiting.append(SimpleNamespace(job=job, result=result, error=error))

    def as_completed(self):
        while self.waiting:
            yield self.waiting.pop()  # the latest first, as any order may be

    def take_ended(self):
        return []

    def cancel_waiting(self):
        self.waiting.clear()

    def close(self, cancel):
        pass


def quickly(state, job, report):
    """As run_trial, without training: diverges where a network has more MACs than most."""
    macs = count_macs(job.blocks)
    quality = {TASK.metric: math.nan if macs % 5 == 0 else macs / 1e9}
    return Trial.finished(job.key, quality, example_passes=1, training_flops=1.0, seconds=2.0)


@pytest.fixture
def pool(tmp_path, monkeypatch):
    monkeypatch.setattr(trained, "LocalExecutor", Inline)
    monkeypatch.setattr(trained, "run_trial", quickly)
    Inline.jobs = 0
    with open_store(tmp_path) as store, TrainingPool(tmp_path, TASK, [FIDELITY], store) as opened:
        yield opened


def a_scorer(genotypes, progress=None):
    total = np.asarray(genotypes).sum(1).astype(float)
    return {"naswot": np.where(total % 3 == 0, np.nan, total)}


def a_table(pool):
    scores = np.arange(24.0)
    scores[1::3] = np.inf
    return tabular(make_table("toy", (2, 3, 4), np.stack([scores, scores[::-1]], axis=1), (30.0, 30.0)))


BROKEN = ToySupernet(broken=(2, 1))
EVALUATORS = {
    "trained": lambda pool: TrainedEvaluator(pool, CLASSIFICATION, COST, FIDELITY, "toy"),
    "supernet": lambda pool: inherited_weights(BROKEN, BROKEN.init(jax.random.key(0))),
    "zero_shot": lambda pool: scored(CLASSIFICATION, COST, a_scorer, "naswot"),
    "tabular": a_table,
}


@pytest.fixture(params=EVALUATORS)
def evaluator(request, pool):
    return EVALUATORS[request.param](pool)


def genotypes_of(evaluator, count):
    drawn = np.random.default_rng(0).integers(0, evaluator.cardinalities, (4 * count, len(evaluator.cardinalities)))
    return list(dict.fromkeys(map(tuple, drawn.tolist())))[:count]


def answers(evaluator):
    found = []
    while completed := evaluator.completed():
        found += completed
    return found


def test_each_ticket_comes_back_once_with_its_own_answer(evaluator):
    genotypes = genotypes_of(evaluator, 6)
    tickets = [evaluator.submit(genotype, 1.0, 3) for genotype in genotypes]
    assert len(set(tickets)) == 6
    found = answers(evaluator)
    assert sorted(ticket for ticket, _ in found) == sorted(tickets)
    assert evaluator.completed() == []
    for genotype, ticket in zip(genotypes, tickets, strict=True):
        again = evaluator.submit(genotype, 1.0, 3)
        assert again not in tickets
        ((_, alone),) = answers(evaluator)
        assert repr(alone.quality) == repr(dict(found)[ticket].quality)


def test_costs_are_known_without_evaluating_and_do_not_depend_on_other_rows(evaluator):
    genotypes = np.array(genotypes_of(evaluator, 5), np.int32)
    together = evaluator.cost(genotypes)
    assert together
    for name, values in together.items():
        alone = [np.asarray(evaluator.cost(genotypes[place : place + 1])[name])[0] for place in range(5)]
        np.testing.assert_allclose(np.asarray(values), alone, rtol=1e-6)


def test_a_failure_is_an_evaluation_and_a_search_goes_on(evaluator):
    strategy = random_search(evaluator.cardinalities, RandomSettings(batch=4))
    one = Search(strategy, evaluator, highest_quality(), 12, jax.random.key(2), Policy(stale=400))
    found = search(one)
    evaluated = [each for each in found.candidates if each.state == "evaluated"]
    assert len(evaluated) == 12
    failed = [each for each in evaluated if not math.isfinite(each.quality)]
    assert failed
    assert all(each.score == (math.inf,) for each in failed)
    assert math.isfinite(found.best.quality)
    assert found.best.quality == max(each.quality for each in evaluated if math.isfinite(each.quality))
    # the same search again comes to the same
    assert repr([each.quality for each in search(one).candidates]) == repr([e.quality for e in found.candidates])


def test_a_training_is_charged_in_full_whoever_did_it_first_and_done_once(pool):
    evaluator = EVALUATORS["trained"](pool)
    (genotype,) = genotypes_of(evaluator, 1)
    blocks = CLASSIFICATION.decode(genotype)
    for _ in range(2):
        evaluator.submit(genotype, 1.0, 3)
        ((_, evaluation),) = answers(evaluator)
        passes = FIDELITY.steps * FIDELITY.batch_size
        assert evaluation.spend == (1, passes, training_flops(blocks, FIDELITY), 2.0, 0.0)
    assert Inline.jobs == 1
    # a ninth of the training is another one, and charged as such
    evaluator.submit(genotype, 1 / 9, 3)
    ((_, evaluation),) = answers(evaluator)
    short = at_share(FIDELITY, 1 / 9)
    assert short.example_passes == round(FIDELITY.example_passes / 9)
    assert evaluation.spend.example_passes == short.steps * short.batch_size
    assert Inline.jobs == 2


def test_a_worker_that_died_says_nothing_of_the_network_and_is_not_kept(pool):
    evaluator = EVALUATORS["trained"](pool)
    (genotype,) = genotypes_of(evaluator, 1)
    evaluator.submit(genotype, 1.0, 91)
    with pytest.raises(JobFailedError, match="worker killed"):
        answers(evaluator)
    assert list(pool._store.trials()) == []


def test_a_score_is_charged_by_the_passes_it_makes():
    evaluator = EVALUATORS["zero_shot"](None)
    (genotype,) = genotypes_of(evaluator, 1)
    evaluator.submit(genotype, 1.0, 0)
    ((_, evaluation),) = answers(evaluator)
    # NASWOT passes each example of the batch forward once, a third of a training's pass, 2 FLOPs for each MAC
    assert evaluation.spend.example_passes == pytest.approx(BATCH / 3)
    assert evaluation.spend.training_flops == pytest.approx(BATCH * 2 * count_macs(CLASSIFICATION.decode(genotype)))
    assert evaluation.spend.trainings == 0


def test_searches_on_one_pool_find_what_each_finds_alone_and_train_once(pool):
    def one(name, seed):
        own = TrainedEvaluator(pool, CLASSIFICATION, COST, FIDELITY, name)
        strategy = random_search(own.cardinalities, RandomSettings(batch=3))
        return Search(strategy, own, highest_quality(), 5, jax.random.key(seed), seed=seed)

    together = side_by_side({who: one(*who) for who in [("a", 0), ("b", 0), ("a", 1)]})
    assert Inline.jobs == 10  # a and b of seed 0 ask for the same
    assert repr(together["a", 0]) == repr(together["b", 0])
    for who in together:
        assert repr(search(one(*who))) == repr(together[who])
    assert Inline.jobs == 10


def test_a_table_is_asked_for_its_columns():
    evaluator = a_table(None)
    genotypes = jnp.array([[0, 0, 0], [1, 2, 3]], jnp.int32)
    assert evaluator.cost(genotypes)["score_1"].tolist() == [23.0, 0.0]
    tickets = [evaluator.submit(tuple(row), 1.0, 0) for row in genotypes.tolist()]
    found = dict(evaluator.completed())
    assert [found[ticket].quality for ticket in tickets] == [0.0, -23.0]


def test_a_search_by_a_score_says_how_many_training_images_it_needs_where_there_are_fewer(tmp_path):
    spec = SearchSpec(TASK, CLASSIFICATION, "npu-p16", {}, FIDELITY, 2, evaluator="zero_shot:naswot")
    few = WorkerData(TASK, {(FIDELITY.data, "train"): noise_pictures().take(slice(0, BATCH - 1))})
    said = f"naswot looks at 32 training images, and '{TASK.dataset}' has 31; allowed: 32 and more in train, or another"
    with pytest.raises(BenchmarkInputError, match=said):
        search_zero_shot(few, (tmp_path, spec))
