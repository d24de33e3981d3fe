"""`accelnas train`: train one network on a task and evaluate it."""

from __future__ import annotations

import sys
from pathlib import Path

import tyro

from benchmarks.errors import NoResultError, check_count
from benchmarks.home import DEFAULT_HOME, check_folders
from benchmarks.runtime.resources import Resources, choose_executor


def train(
    network: tyro.conf.Positional[Path],
    *,
    task: str = "detection",
    profile: str = "quick",
    training: tuple[str, ...] = (),
    seeds: int = 1,
    dataset: str | None = None,
    classes: int | None = None,
    save: Path | None = None,
    executor: str | None = None,
    address: str | None = None,
    home: Path = DEFAULT_HOME,
) -> None:
    """Train a network from scratch and print its quality on test examples; finished trainings are not repeated.

    Args:
        network: JSON file of a network, such as `accelnas search` writes, or "SPACE:GENOTYPE" of a trained table, such
            as "V3:1 0 1 1 1 1 1 1 1".
        task: classification, detection or segmentation.
        profile: smoke, quick, careful or full, or the recipe of the trained tables: search or final.
        training: NAME=VALUE of how networks are trained instead of as the profile does: passes, learning_rate,
            batch_size, weight_decay, mirror (yes or no), shift_pixels, brightness.
        seeds: Trainings, with seeds from 1000 on.
        dataset: Another of the data sets that `accelnas list` prints, or yours: folder:PATH, coco:FILE.json,
            masks:PATH, tfds:NAME or FILE.py (docs/data.md).
        classes: Number of classes where the task leaves a choice.
        save: Folder to keep the first seed's network in, which `accelnas export` and `accelnas predict` take: weights
            (orbax), settings.json, network.json, metrics.json, per_class.csv, confusion.csv and a drawing.
        executor: Where trainings run: local, or ray (docs/how-to/many_machines.md).
        address: Of the Ray cluster: auto, HOST:PORT or ray://HOST:PORT.
        home: Directory that data and trials are kept in.
    """
    from benchmarks.evaluators.trainings import Training, train_all
    from benchmarks.fidelities import FIRST_FINAL_SEED, get_fidelity, on_test
    from benchmarks.problem import check_fits, examples_note, reach_note, size_note
    from benchmarks.saved.folder import check_save
    from benchmarks.saved.folder import save as save_network
    from benchmarks.saved.network import network_of
    from benchmarks.statistics.intervals import interval_words
    from benchmarks.tables.recipes import RECIPES
    from benchmarks.training_settings import with_training
    from hw_model.network_text import summary
    from tasks.registry import make_task

    check_count("number of seeds", seeds)
    choose_executor(executor, address)
    check_folders(home, *(() if save is None else (save,)))
    chosen = make_task(task, dataset, classes)
    loaded = network_of(network, chosen)
    check_fits(network, loaded.blocks, chosen)
    recipe = RECIPES[profile][task] if profile in RECIPES else get_fidelity(task, profile)
    chosen, recipe = with_training(chosen, recipe, training)
    fidelity = on_test(recipe)
    reach = reach_note(loaded.blocks[-1:], chosen)
    there = save is not None and check_save(save, chosen, loaded.blocks, fidelity, FIRST_FINAL_SEED)
    shared = ""
    if save is not None and not there and Resources.from_environment().executor == "ray":
        shared = f"--save takes weights from {home}, which the cluster's workers have to share with this machine"
    for note in filter(None, (size_note(loaded.blocks, chosen), reach, examples_note(chosen, fidelity), shared)):
        print(note, file=sys.stderr)
    from benchmarks.runtime.prepare import prepare_with_progress

    prepare_with_progress(home, chosen.config(fidelity.data), chosen.dataset)
    kept = None if save is None or there else FIRST_FINAL_SEED
    wanted = [
        Training(loaded.name, loaded.blocks, fidelity, seed, weights=seed == kept)
        for seed in range(FIRST_FINAL_SEED, FIRST_FINAL_SEED + seeds)
    ]
    trials = train_all(home, chosen, loaded.name, wanted)
    print(summary(loaded.blocks))
    for trial in trials:
        if trial.error:
            print(f"seed {trial.key.seed} failed: {trial.error}")
    done = [trial for trial in trials if trial.state == "done"]
    if not done:
        raise NoResultError(f"none of {seeds} trainings came to a finite {chosen.metric}")
    examples = min(fidelity.eval_examples, len(chosen.load(home, fidelity.data, fidelity.eval_split).images))
    for name in done[0].quality:
        quality = interval_words([trial.quality[name] for trial in done])
        print(f"{name} {quality} over {len(done)} seed(s), {examples} examples")
    if save is not None and there:
        print(f"{save} has it already")
    elif save is not None:
        if trials[0].state != "done":
            raise NoResultError(f"nothing is saved to {save}: seed {FIRST_FINAL_SEED}, which it is of, failed")
        save_network(save, home, chosen, loaded.name, loaded.blocks, fidelity, FIRST_FINAL_SEED)
        print(f"Saved to {save}")
