"""Train the cohorts of a jobs file on a bare machine with one accelerator, and write a line for each network.

    python -m benchmarks.tables.cohort_run --jobs jobs.json --data FOLDER --out FOLDER --seconds 480 --workers 14

Needs jax, flax, optax, numpy, scipy, pillow and pycocotools, and neither a network nor a prepared data set: images are
composed here from Fashion-MNIST and the photographs that FOLDER holds.  Each worker compiles a cohort, waits for its
turn, trains it on the accelerator that all share, and scores it, so that compilation and scoring of some hide behind
the training of others.  OUT/rows.jsonl holds what is finished at any moment but for the last seconds, so that a run
that is killed loses no more than that.  `benchmarks.tables.jobs` writes jobs, and reads rows.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hw_model.files import write_whole

# from one gathering of the workers' rows to the next
GATHER_SECONDS = 5.0
# An H200 trained eight networks of segmentation in 2 s alone, and in 70 to 100 s beside 20 processes that did likewise,
# as it switches between them all the time; two, so that it has work while one asks for more.
TURNS = 2
# one cohort's compilation must not take another's core, and tuning matrix products takes longer than training
XLA_FLAGS = "--xla_gpu_autotune_level=0 --xla_gpu_enable_triton_gemm=false --xla_gpu_force_compilation_parallelism=1"


def say(text: str) -> None:
    """Print with the seconds since the run started."""
    print(f"{time.time() - float(os.environ['ACCELNAS_STARTED']):7.1f} s  {text}", flush=True)


def splits_of(jobs: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """(data set, configuration, split) that the jobs need."""
    needed = set()
    for job in jobs:
        fidelity = job["fidelity"]
        needed |= {(job["dataset"], fidelity["data"], split) for split in ("train", fidelity["eval_split"])}
    return needed


def compose(jobs: list[dict[str, Any]], data: Path, folder: Path, workers: int) -> None:
    """Compose what the jobs need, an array a file, so that workers share its memory."""
    from tasks.data.own_datasets import compose_split

    for dataset, config, split in sorted(splits_of(jobs)):
        examples = compose_split(dataset, config, split, data, data / "photographs.npz", workers)
        place = folder / dataset / config / split
        place.mkdir(parents=True)
        write_whole(place / "kind", type(examples).__name__)
        for field in fields(examples):
            np.save(place / f"{field.name}.npy", getattr(examples, field.name))
        say(f"composed {dataset} {config} {split}: {len(examples)} images")


def load(folder: Path, dataset: str, config: str, split: str) -> Any:
    """What `compose` wrote, mapped into memory."""
    from tasks.data.labelled import ComposedImages
    from tasks.data.scenes import Scenes

    place = folder / dataset / config / split
    kind = {"Scenes": Scenes, "ComposedImages": ComposedImages}[(place / "kind").read_text()]
    return kind(**{field.name: np.load(place / f"{field.name}.npy", mmap_mode="r") for field in fields(kind)})


def claim(folder: Path) -> int:
    """The number of the next job, each handed out once."""
    with (folder / "next").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        number = int(file.read() or 0)
        file.truncate(0)
        file.write(str(number + 1))
    return number


@contextmanager
def turn(folder: Path, number: int) -> Iterator[None]:
    """Wait until fewer than TURNS jobs train, and let no more; a process that is killed has no turn any more."""
    with (folder / f"turn_{number % TURNS}").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Pace(NamedTuple):
    """How slow the slowest of a worker's jobs were, nothing before the first."""

    first_s: float = 0.0
    """Until its turn came."""
    pass_s: float = 0.0
    """A pass afterwards, predictions and scores counted."""

    def expected_s(self, passes: int) -> float:
        """What a job of so many passes takes at most."""
        return self.first_s + self.pass_s * passes

    def after(self, first_s: float, rest_s: float, passes: int) -> Pace:
        """With another job of so many passes."""
        return Pace(max(self.first_s, first_s), max(self.pass_s, rest_s / passes))


def work(jobs: list[dict[str, Any]], folder: Path, out: Path, deadline: float, workers: int) -> None:
    """Train jobs until none is left, passing over those that would not end in time (by those before).

    workers: how many share the accelerator, for the rows.
    """
    import jax

    from hw_model.blocks import Block
    from tasks.cohort import Cohort
    from tasks.cohort_training import compile_cohort, fit_arrays, predict_cohort, train_cohort
    from tasks.fidelity import Fidelity
    from tasks.registry import make_task
    from tasks.training import TRAINING_CODE_VERSION, fit_images

    device, fitted, examples, held = jax.devices()[0].device_kind, {}, {}, {}
    pace = Pace()
    with out.open("w") as rows:
        while (number := claim(folder)) < len(jobs):
            job, started = jobs[number], time.time()
            task, fidelity = make_task(job["task"], job["dataset"], job["classes"]), Fidelity(**job["fidelity"])
            passes = fidelity.example_passes * len(job["seeds"])
            if started + pace.expected_s(passes) > deadline:
                continue
            chains = tuple(tuple(block and Block(**block) for block in chain) for chain in job["chains"])
            keys = tuple(jax.random.key(seed) for seed in job["seeds"])
            cohort = Cohort(task, fidelity, chains, keys, np.array(job["rates"], np.float32))
            shown = (fidelity.data, fidelity.train_examples, fidelity.eval_split, fidelity.eval_examples)
            key = (job["task"], job["dataset"], job["classes"], cohort.first.height, *shown)
            if key not in fitted:
                train = load(folder, job["dataset"], fidelity.data, "train").take(slice(0, fidelity.train_examples))
                fitted[key] = jax.device_put(fit_arrays(cohort, task.arrays(train)))
                whole = load(folder, job["dataset"], fidelity.data, fidelity.eval_split)
                examples[key] = whole.take(slice(0, fidelity.eval_examples))
                held[key] = fit_images((cohort.first,), examples[key].images)
            ready = time.time()
            state, programs = compile_cohort(cohort, fitted[key], held[key])
            compiled = time.time()
            with turn(folder, number):
                began = time.time()
                state, finite = train_cohort(cohort, fitted[key], state, programs)
                trained = time.time()
                predictions = predict_cohort(cohort, state, programs, held[key])
                predicted = time.time()
            qualities = [
                task.quality(examples[key], jax.tree.map(lambda leaf, index=index: leaf[index], predictions))
                if ok
                else {}
                for index, ok in enumerate(finite.tolist())
            ]
            scored = time.time()
            of_all = {
                "job": job["name"],
                "device": device,
                "jax": jax.__version__,
                "code_version": TRAINING_CODE_VERSION,
                "data_version": task.data_version(fidelity.data),
                # waiting for its turn is not counted
                "seconds": (predicted - began + compiled - ready) / len(finite),
                "train_seconds": (trained - began) / len(finite),
                "at_once": len(finite),
                "compile_s": compiled - ready,
                "training_s": trained - began,
                "predictions_s": predicted - trained,
                "scoring_s": scored - predicted,
                "ended_s": scored - float(os.environ["ACCELNAS_STARTED"]),
                "workers": workers,
            }
            for index, (ok, quality) in enumerate(zip(finite.tolist(), qualities, strict=True)):
                rows.write(json.dumps(of_all | {"index": index, "finite": ok, "quality": quality}) + "\n")
            rows.flush()
            # thousands of compiled kernels would stay mapped until the process may map no more
            del state, programs, predictions
            jax.clear_caches()
            pace = pace.after(began - started, scored - began, passes)
            say(
                f"{job['name']}: {len(finite)} networks; ready {ready - started:.1f}, compiled {compiled - ready:.1f}, "
                f"waited {began - compiled:.1f}, trained {trained - began:.1f}, predictions {predicted - trained:.1f}, "
                f"scores {scored - predicted:.1f} s"
            )


def run(given: argparse.Namespace) -> int:
    """Compose, start the workers, wait for them, gather their rows; the number of networks trained."""
    jobs, folder = json.loads(given.jobs.read_text()), given.scratch
    environment = os.environ | {
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {XLA_FLAGS}" if given.accelerator else "",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    compose(jobs, given.data, folder, given.workers)
    deadline = float(os.environ["ACCELNAS_STARTED"]) + given.seconds
    command = [sys.executable, "-m", "benchmarks.tables.cohort_run", *sys.argv[1:]]
    parts = [folder / f"rows_{worker}.jsonl" for worker in range(given.workers)]
    workers = [subprocess.Popen([*command, "--rows", str(part)], env=environment) for part in parts]
    trained = watch(workers, parts, given.out / "rows.jsonl", deadline + 10)
    say(f"{trained} networks trained, {sum(len(job['chains']) for job in jobs)} asked for")
    return trained


def watch(
    workers: list[subprocess.Popen[bytes]], parts: list[Path], rows: Path, end: float, every: float = GATHER_SECONDS
) -> int:
    """Gather the workers' rows again and again until all have ended, and kill those that have not by `end`.

    end: as time.time().  Returns the number of rows.
    """
    while any(worker.poll() is None for worker in workers) and time.time() < end:
        gather(parts, rows)
        time.sleep(min(every, max(0.0, end - time.time())))
    for worker in workers:
        worker.kill()
        worker.wait()
    return gather(parts, rows)


def gather(parts: list[Path], rows: Path) -> int:
    """Write the finished lines of the parts that there are as one file, and return how many they are."""
    lines = [line for part in parts if part.exists() for line in part.read_text().splitlines(keepends=True)]
    # a worker may be in the midst of its last line
    whole = [line for line in lines if line.endswith("}\n")]
    write_whole(rows, "".join(whole))
    return len(whole)


def main() -> None:
    """Read the arguments; start all, or be one of the workers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=Path, required=True, help="file of benchmarks.tables.jobs")
    parser.add_argument("--data", type=Path, required=True, help="folder of Fashion-MNIST's files and photographs.npz")
    parser.add_argument("--out", type=Path, required=True, help="folder that rows.jsonl is written to")
    parser.add_argument("--scratch", type=Path, required=True, help="an empty folder in memory, for shared arrays")
    parser.add_argument("--seconds", type=float, default=480.0, help="start nothing that would end later than this")
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 2), help="processes")
    parser.add_argument("--accelerator", action="store_true", help="give XLA the flags for a GPU")
    parser.add_argument("--rows", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    os.environ.setdefault("ACCELNAS_STARTED", str(time.time()))
    if given.rows is None:
        sys.exit(0 if run(given) else 1)
    deadline = float(os.environ["ACCELNAS_STARTED"]) + given.seconds
    work(json.loads(given.jobs.read_text()), given.scratch, given.rows, deadline, given.workers)


if __name__ == "__main__":
    main()
