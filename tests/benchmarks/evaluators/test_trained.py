"""Trainings that searches ask for, and what the store keeps of them."""

import dataclasses
import itertools

import numpy as np
import pytest

from benchmarks.evaluators.trained import TrainedEvaluator, TrainingPool, trial_key
from benchmarks.evaluators.weights import WEIGHTS, kept_folder, write_weights
from benchmarks.runtime.handles import JobFailedError, JobHandle
from benchmarks.store.keys import settings_digest
from benchmarks.store.records import Trial
from benchmarks.store.sqlite import open_store
from tests.benchmarks.noise_pictures import FIDELITY, TASK
from tests.tasks.networks.supernet_spaces import CLASSIFICATION

GENOTYPE = (0,) * len(CLASSIFICATION.cardinalities)
SPENT = {"example_passes": 8, "training_flops": 1.0, "seconds": 1.0}


class ExecutorOfNothing:
    """Keeps the jobs, and gives out what a test says has ended."""

    def __init__(self):
        self.jobs, self.ended = [], []

    def submit(self, function, job):
        self.jobs.append(job)

    def end(self, job, outcome):
        """outcome: a trial, or the JobFailedError of a training without one."""
        handle = JobHandle(self, job, b"")
        handle.done = True
        if isinstance(outcome, JobFailedError):
            handle._failure = outcome
        else:
            handle._result = outcome
        self.ended.append(handle)

    def as_completed(self):
        while self.ended:
            yield self.ended.pop(0)

    def take_ended(self):
        return list(self.as_completed())

    def cancel_waiting(self):
        pass

    def close(self, cancel):
        pass


def test_a_training_whose_weights_were_not_kept_is_done_again_for_them_unless_it_failed(tmp_path):
    executor, blocks = ExecutorOfNothing(), CLASSIFICATION.decode(GENOTYPE)
    known, lost = (trial_key(TASK, blocks, FIDELITY, seed) for seed in (0, 1))
    with open_store(tmp_path) as store, TrainingPool(tmp_path, TASK, [FIDELITY], store) as pool:
        pool._start = lambda: executor
        store.put(Trial.finished(known, {"accuracy": 0.5}, **SPENT))
        store.put(Trial.finished(lost, {"accuracy": float("nan")}, **SPENT))
        for seed in (0, 1):
            pool.submit("a", "", blocks, FIDELITY, seed, weights=True)
        assert [(job.seed, job.kept) for job in executor.jobs] == [(0, kept_folder(tmp_path, known))]
        write_weights(kept_folder(tmp_path, known) / WEIGHTS, {"params": {"a": np.zeros(1)}})
        pool.submit("b", "", blocks, FIDELITY, 0, weights=True)
        pool.submit("b", "", blocks, FIDELITY, 0)
        assert len(executor.jobs) == 1
        assert len(pool.completed("b")) == 2


def test_a_training_done_again_for_its_weights_replaces_its_result_by_the_one_that_lies_beside_them(tmp_path):
    executor, blocks = ExecutorOfNothing(), CLASSIFICATION.decode(GENOTYPE)
    with open_store(tmp_path) as store, TrainingPool(tmp_path, TASK, [FIDELITY], store) as pool:
        pool._start = lambda: executor
        key = trial_key(TASK, blocks, FIDELITY, 0)
        store.put(Trial.finished(key, {"accuracy": 0.5}, **SPENT))
        pool.submit("first", "", blocks, FIDELITY, 0, weights=True)
        write_weights(kept_folder(tmp_path, key) / WEIGHTS, {"params": {"a": np.zeros(1)}})
        executor.end(executor.jobs[0], Trial.finished(key, {"accuracy": 0.6}, **SPENT))
        ((_, first),) = pool.completed("first")
        pool.submit("second", "", blocks, FIDELITY, 0, weights=True)
        ((_, second),) = pool.completed("second")
    assert (first.quality, second.quality) == ({"accuracy": 0.6}, {"accuracy": 0.6})


def test_every_training_that_has_ended_is_kept_before_one_is_answered(tmp_path):
    executor, blocks = ExecutorOfNothing(), CLASSIFICATION.decode(GENOTYPE)

    def end(place):
        job = executor.jobs[place]
        executor.end(job, Trial.finished(job.key, {"accuracy": 0.5}, **SPENT))

    def stopped(store):
        with TrainingPool(tmp_path, TASK, [FIDELITY], store) as pool:
            pool._start = lambda: executor
            for seed in range(4):
                pool.submit(f"search {seed}", "", blocks, FIDELITY, seed)
            end(0)
            end(1)
            assert len(pool.completed("search 0")) == 1
            assert len(list(store.trials())) == 2
            end(2)  # while a strategy computes
            raise KeyboardInterrupt

    with open_store(tmp_path) as store:
        with pytest.raises(KeyboardInterrupt):
            stopped(store)
        assert sorted(trial.key.seed for trial in store.trials()) == [0, 1, 2]


def test_trainings_that_ended_beside_one_that_failed_are_kept(tmp_path):
    executor, blocks = ExecutorOfNothing(), CLASSIFICATION.decode(GENOTYPE)
    with open_store(tmp_path) as store, TrainingPool(tmp_path, TASK, [FIDELITY], store) as pool:
        pool._start = lambda: executor
        for seed in range(2):
            pool.submit("search", "", blocks, FIDELITY, seed)
        executor.end(executor.jobs[0], JobFailedError("killed"))
        executor.end(executor.jobs[1], Trial.finished(executor.jobs[1].key, {"accuracy": 0.5}, **SPENT))
        with pytest.raises(JobFailedError, match="killed"):
            pool.completed("search")
        assert [trial.key.seed for trial in store.trials()] == [1]


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
        store.put(Trial.finished(job.key, {"accuracy": 0.5}, **SPENT, space=job.asked[0], genotype=job.asked[1]))
        kept = store.get(job.key)
        assert kept is not None
        assert (kept.space, kept.genotype) == job.asked
