"""`accelnas search`: a strategy and an evaluator on one task, space and accelerator."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.errors import check_count, check_unused
from benchmarks.home import DEFAULT_HOME, check_folders
from benchmarks.runtime.resources import Resources, choose_executor


def search(
    task: str = "detection",
    space: str = "curated",
    strategy: str | None = None,
    evaluator: str = "trained",
    policy: str = "plain",
    settings: Annotated[tuple[str, ...], tyro.conf.arg(name="set")] = (),
    accelerator: str | None = None,
    budget: int = 20,
    seeds: int = 2,
    latency_ms: float | None = None,
    peak_bytes: float | None = None,
    param_bytes: float | None = None,
    profile: str = "quick",
    training: tuple[str, ...] = (),
    final_seeds: int = 3,
    dataset: str | None = None,
    classes: int | None = None,
    table: Path | None = None,
    executor: str | None = None,
    address: str | None = None,
    home: Path = DEFAULT_HOME,
    results: Path = Path("results/search"),
) -> None:
    """Search for the best quality within bounds on the network's cost; print the found networks and write them.

    Each seed is a search of its own, and its winner is trained again, with seeds that no search has used, on test
    examples.  Writes RESULTS/TASK-SPACE-STRATEGY-EVALUATOR-ACCELERATOR-DIGITS/, the digits telling apart all other
    settings: settings.json, table.csv, candidates.csv, and each winner as JSON that `accelnas cost` and `accelnas
    train` take, and trained, in a folder that `accelnas export` and `accelnas predict` take.  Stop it at any moment:
    the same command goes on where it was.

    Args:
        task: classification, detection or segmentation.
        space: curated, uncurated or auto-curated; V1, V2 or V3 for detection; channels, fusion, sides or article for
            segmentation; or the path of a Python file.
        strategy: auto, random, local_search, regularised_evolution, genetic, gaussian_process, nsga2, reinforce, ppo,
            bananas, optuna, another that `accelnas list` prints, or the path of a Python file.  Left out: auto, random
            with a zero-shot score, a supernet algorithm's own.
        evaluator: trained (each network from scratch), supernet:ALGORITHM (weights inherited from a supernet that is
            trained once: one_shot, sandwich, fair, progressive, few_shot, gumbel or tunas) or zero_shot:SCORE (one
            number of the untrained network: naswot, synflow, zen and others that `accelnas list` prints).
        policy: With trainings: plain, successive_halving or hyperband.
        settings: NAME=VALUE of the strategy, the evaluator or the policy, such as population=20.
        accelerator: A name that `accelnas list` prints: ethos-u55-32, -64, -128 or -256, ethos-u65-256 or -512,
            ethos-u85-128, -256, -512, -1024 or -2048, each with -sram-only too, npu-p16, npu-p32, npu-p64, this-device;
            ethos-u85-1024 if left out; or FILE.csv: of the latencies of blocks on a device of your own; with --table,
            of costs of its networks (docs/how-to/own_tables.md).
        budget: Trainings of each search; other evaluators pass as many examples as those would.
        seeds: How many searches.
        latency_ms: Most latency; the baseline's if no bound is given.
        peak_bytes: Most memory for activations.
        param_bytes: Most memory for parameters.
        profile: smoke, quick, careful or full: how candidates are trained.
        training: NAME=VALUE of how networks are trained instead of as the profile does: passes, learning_rate,
            batch_size, weight_decay, mirror (yes or no), shift_pixels, brightness.
        final_seeds: Trainings of each winner.
        dataset: fashion_items, fashion_objects, fashion_scenes, photo_objects, oxford_iiit_pet,
            oxford_iiit_pet_breeds or voc_2007, or yours: folder:PATH, coco:FILE.json,
            masks:PATH, tfds:NAME or FILE.py (docs/data.md).
        classes: Number of classes where the task leaves a choice.
        table: CSV or .npz file of networks that were trained, to search in instead of a task
            (docs/how-to/own_tables.md): its decisions, quality and costs; a row a training.
        executor: Where trainings run: local, or ray (docs/how-to/many_machines.md).
        address: Of the Ray cluster: auto, HOST:PORT or ray://HOST:PORT.
        home: Directory that data, trials and measurements are kept in.
        results: Directory that the folder of this search is written to.
    """
    for name, value in (("budget", budget), ("seeds", seeds), ("final_seeds", final_seeds)):
        check_count(name, value)
    if table is not None:
        unused = {"task": task, "space": space, "evaluator": evaluator, "policy": policy, "profile": profile}
        unused |= {"training": training, "final_seeds": final_seeds, "dataset": dataset, "classes": classes}
        unused |= {"executor": executor, "address": address, "home": home}
        check_unused("--table", search, unused, "as a table has answers")
    choose_executor(executor, address)
    check_folders(*(() if table else (home,)), results)
    bounds = {"latency_ms": latency_ms, "peak_activation_bytes": peak_bytes, "param_bytes": param_bytes}
    # jax and pandas take seconds to load, which `accelnas --help` need not pay
    if table is not None:
        from benchmarks.search.on_table import run_search as search_table

        search_table(table, accelerator, bounds, strategy, settings, budget, seeds, results)
        return
    from benchmarks.problem import examples_note, reach_note
    from benchmarks.search.run import make_spec, run_search
    from tasks.registry import make_task
    from tasks.spaces.check import probes

    spec = make_spec(
        make_task(task, dataset, classes),
        space,
        "ethos-u85-1024" if accelerator is None else accelerator,
        {name: value for name, value in bounds.items() if value is not None},
        profile,
        budget,
        strategy,
        evaluator,
        policy,
        settings,
        training,
    )
    reach = reach_note((chain[-1] for chain in spec.space.decode_all(probes(spec.space))), spec.task)
    here = ""
    if spec.kind != "trained" and Resources.from_environment().executor == "ray":
        here = f"{evaluator} searches on this machine; the cluster trains winners alone"
    for note in filter(None, (reach, examples_note(spec.task, spec.fidelity), here)):
        print(note, file=sys.stderr)
    run_search(home, spec, seeds, final_seeds, results)
