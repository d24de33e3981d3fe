"""`accelnas expert`: rewrite rules instead of a search."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from benchmarks.errors import check_count, check_unused
from benchmarks.home import DEFAULT_HOME, check_folders
from benchmarks.runtime.resources import choose_executor


def expert(
    task: str = "detection",
    accelerator: str = "ethos-u85-1024",
    objective: Literal["latency", "memory"] = "latency",
    network: Path | None = None,
    train: int = 0,
    profile: str = "quick",
    training: tuple[str, ...] = (),
    dataset: str | None = None,
    classes: int | None = None,
    executor: str | None = None,
    address: str | None = None,
    home: Path = DEFAULT_HOME,
    results: Path = Path("results/expert"),
) -> None:
    """Rewrite a network for an accelerator as an expert would, without training; print each step and what it saved.

    Rules are tried in order at each place and evaluated by the accelerator's cost model; start and end are compiled
    whole where there is a compiler.  Writes RESULTS/TASK-ACCELERATOR-OBJECTIVE-DIGITS/, of other digits for other
    settings: settings.json, steps.csv, and start.json and end.json, which `accelnas cost` and `accelnas train` take.

    Args:
        task: classification, detection or segmentation.
        accelerator: A name that `accelnas list` prints: ethos-u55-32, -64, -128 or -256, ethos-u65-256 or
            -512, ethos-u85-128, -256, -512, -1024 or -2048, each with -sram-only too, npu-p16, npu-p32, npu-p64.
        objective: What to lower: latency, or memory (parameters and peak activations) at no higher latency.
        network: The network to start from, any that `accelnas cost` takes: JSON, .tflite, or the name of one that
            ships; the task's baseline if left out.
        train: Train start and end from scratch with this many seeds and compare them on test examples; the network's
            input and output must then be the task's.
        profile: smoke, quick, careful or full: how they are trained.
        training: NAME=VALUE of how they are trained instead of as the profile does: passes, learning_rate, batch_size,
            weight_decay, mirror (yes or no), shift_pixels, brightness.
        dataset: Another of the data sets that `accelnas list` prints, or yours: folder:PATH, coco:FILE.json,
            masks:PATH, tfds:NAME or FILE.py (docs/data.md).
        classes: Number of classes where the task leaves a choice.
        executor: Where trainings run: local, or ray (docs/how-to/many_machines.md).
        address: Of the Ray cluster: auto, HOST:PORT or ray://HOST:PORT.
        home: Directory that data, trials and measurements are kept in.
        results: Directory that the folder of this network is written to.
    """
    check_count("number of seeds to train", train, least=0)
    if not train:
        unused = {"profile": profile, "training": training, "executor": executor, "address": address}
        check_unused("no --train", expert, unused, "as nothing is trained")
    choose_executor(executor, address)
    check_folders(home, results)
    # jax and pandas take seconds to load, which `accelnas --help` need not pay
    from benchmarks.fidelities import get_fidelity
    from benchmarks.search.expert import run_expert
    from benchmarks.training_settings import with_training
    from tasks.registry import make_task

    chosen, fidelity = with_training(make_task(task, dataset, classes), get_fidelity(task, profile), training)
    run_expert(home, chosen, accelerator, objective, network, train, fidelity, results)
