"""Trainings that searches ask for, and what the store keeps of them."""

import dataclasses
import itertools

import numpy as np

from benchmarks.evaluators.trained import TrainedEvaluator, TrainingPool, trial_key
from benchmarks.evaluators.weights import WEIGHTS, kept_folder, write_weights
from benchmarks.store.keys import settings_digest
from benchmarks.store.records import Trial
from benchmarks.store.sqlite import open_store
from tests.benchmarks.noise_pictures import FIDELITY, TASK
from tests.tasks.networks.supernet_spaces import CLASSIFICATION

GENOTYPE = (0,) * len(CLASSIFICATION.cardinalities)


class ExecutorOfNothing:
    """Keeps the jobs."""

    def __init__(self):
        self.jobs = []

    def submit(self, function, job):
        self.jobs.append(job)

    def close(self, cancel):
        pass


def test_a_training_whose_weights_were_not_kept_is_done_again_for_them_unless_it_failed(tmp_path):
    executor, blocks = ExecutorOfNothing(), CLASSIFICATION.decode(GENOTYPE)
    known, lost = (trial_key(TASK, blocks, FIDELITY, seed) for seed in (0, 1))
    spent = {"example_passes": 8, "training_flops": 1.0, "seconds": 1.0}
    with open_store(tmp_path) as store, TrainingPool(tmp_path, TASK, [FIDELITY], store) as pool:
        pool._start = lambda: executor
        store.put(Trial.finished(known, {"accuracy": 0.5}, **spent))
        store.put(Trial.finished(lost, {"accuracy": float("nan")}, **spent))
        for seed in (0, 1):
            pool.submit("a", "", blocks, FIDELITY, seed, weights=True)
        assert [(job.seed, job.kept) for job in executor.jobs] == [(0, kept_folder(tmp_path, known))]
        write_weights(kept_folder(tmp_path, known) / WEIGHTS, {"params": {"a": np.zeros(1)}})
        pool.submit("b", "", blocks, FIDELITY, 0, weights=True)
        pool.submit("b", "", blocks, FIDELITY, 0)
        assert len(executor.jobs) == 1
        assert len(pool.completed("b")) == 2


def test_a_training_keeps_the_space_and_the_genotype_that_asked_for_it_but_its_key_has_neither(tmp_path):
    executor = ExecutorOfNothing()
    other = dataclasses.replace(CLASSIFICATION, name="another")
    with open_store(tmp_path) as store, TrainingPool(tmp_path, TASK, [FIDELITY], store) as pool:
        pool._start = lambda: executor
        first, second = (
            TrainedEvaluator(pool, space, lambda rows: {}, FIDELITY, "") for space in (CLASSIFICATION, other)
        )
        tickets = [
            evaluator.submit(GENOTYPE, 1.0, seed) for evaluator, seed in itertools.product((first, second), (0, 1))
        ]
        assert len(set(tickets)) == 4
        # the second space has the same network
        assert [job.seed for job in executor.jobs] == [0, 1]
        assert {job.asked for job in executor.jobs} == {
            (f"tiny classification {settings_digest(CLASSIFICATION)[:8]}", GENOTYPE)
        }
        job = executor.jobs[0]
        assert job.key == trial_key(TASK, CLASSIFICATION.decode(GENOTYPE), FIDELITY, 0)
        spent = {"example_passes": 8, "training_flops": 1.0, "seconds": 1.0}
        store.put(Trial.finished(job.key, {"accuracy": 0.5}, **spent, space=job.asked[0], genotype=job.asked[1]))
        kept = store.get(job.key)
        assert kept is not None
        assert (kept.space, kept.genotype) == job.asked
