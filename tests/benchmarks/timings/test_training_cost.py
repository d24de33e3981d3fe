"""What a training is said to cost: CPU time, whatever the clock says."""

import time

import numpy as np

from benchmarks.runtime.worker_data import WorkerData
from benchmarks.tables.files import SHIPPED
from benchmarks.timings import training_cost
from benchmarks.timings.training_cost import networks, time_training
from hw_model.cost import count_macs
from tasks.classification.task import Classification
from tests.benchmarks.noise_pictures import FIDELITY, TASK, noise_pictures


def busy(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def timed(monkeypatch, work):
    """What is said of trainings of five calls, each after some work."""

    def train(blocks, task, data, fidelity, key, progress):
        assert fidelity.steps == training_cost.STEPS
        for call in range(5):
            work()
            progress((call + 1) / 5)

    monkeypatch.setattr(training_cost, "train", train)
    monkeypatch.setattr(training_cost, "predict", lambda *given: Classification(np.zeros((len(given[-1]), 3))))
    (chain,) = networks(SHIPPED, "classification", 1)
    some = noise_pictures()
    data = WorkerData(TASK, {("smoke", "train"): some, ("smoke", "validation"): some})
    return time_training(data, (chain, FIDELITY), lambda fraction: None)


def test_waiting_costs_nothing_and_computing_does(monkeypatch):
    waited = timed(monkeypatch, lambda: time.sleep(0.05))
    computed = timed(monkeypatch, lambda: busy(0.05))
    # 2 ms a step, of which each call has 25
    assert waited["step_ms"] < 1 < 1.9 < computed["step_ms"] < 4
    assert computed["cpu_s"] >= computed["step_ms"] * FIDELITY.steps / 1e3


def test_the_networks_timed_are_from_the_least_to_the_most_flops():
    macs = [count_macs(chain) for chain in networks(SHIPPED, "detection", 4)]
    assert macs == sorted(macs)
    assert macs[-1] > 2 * macs[0]
