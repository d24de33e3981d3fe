"""One training in a worker process: from a picklable job to its quality."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.runtime.worker_data import WorkerData
from benchmarks.store.records import Trial, TrialKey
from hw_model.blocks import Block
from tasks.fidelity import Fidelity


@dataclass(frozen=True)
class TrialJob:
    """What to train and how to judge it; `key` says the same to the store."""

    key: TrialKey
    blocks: tuple[Block, ...]
    fidelity: Fidelity
    seed: int


def run_trial(state: WorkerData, job: TrialJob, report: Callable[[float], None]) -> Trial:
    """Train and judge; a training that diverges is a failed trial with its reason."""
    import jax

    from tasks.training import DivergedError, predict, train, training_flops

    fidelity, started = job.fidelity, time.perf_counter()
    flops = training_flops(job.blocks, fidelity)
    passes = fidelity.steps * fidelity.batch_size
    examples = state.splits[fidelity.data, "train"].take(slice(0, fidelity.train_examples))
    judged_on = state.splits[fidelity.data, fidelity.eval_split].take(slice(0, fidelity.eval_examples))
    try:
        trained = train(job.blocks, state.task, state.task.arrays(examples), fidelity, jax.random.key(job.seed), report)
    except DivergedError as error:
        return Trial(job.key, "failed", {}, passes, flops, time.perf_counter() - started, error=str(error))
    quality = state.task.quality(judged_on, predict(job.blocks, state.task, trained, judged_on.images))
    # thousands of compiled kernels would stay mapped until the process may map no more
    jax.clear_caches()
    return Trial.finished(
        job.key,
        quality,
        example_passes=passes,
        training_flops=flops,
        seconds=time.perf_counter() - started,
    )
