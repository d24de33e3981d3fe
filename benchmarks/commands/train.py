"""`accelnas train`: train one network on a task and evaluate it."""

from __future__ import annotations

from pathlib import Path

import tyro

from benchmarks.errors import NoResultError, check_count
from benchmarks.home import DEFAULT_HOME, check_folders


def train(
    network: tyro.conf.Positional[Path],
    task: str = "detection",
    profile: str = "quick",
    seeds: int = 1,
    dataset: str | None = None,
    classes: int | None = None,
    home: Path = DEFAULT_HOME,
) -> None:
    """Train a network from scratch and print its quality on test examples; finished trainings are not repeated.

    Args:
        network: JSON file of a network, such as `accelnas search` writes.
        task: classification, detection or segmentation.
        profile: smoke, quick, careful or full.
        seeds: Trainings, with seeds from 1000 on.
        dataset: Another of the data sets that `accelnas list` prints.
        classes: Number of classes where the task leaves a choice.
        home: Directory that data and trials are kept in.
    """
    from benchmarks.evaluators.trainings import Training, train_all
    from benchmarks.fidelities import FIRST_FINAL_SEED, get_fidelity, on_test
    from benchmarks.search.problem import check_fits
    from benchmarks.statistics.intervals import mean_interval
    from hw_model.network_file import load_network, summary
    from tasks.registry import make_task

    check_count("number of seeds", seeds)
    check_folders(home)
    loaded = load_network(network)
    chosen = make_task(task, dataset, classes)
    fidelity = on_test(get_fidelity(task, profile))
    check_fits(network, loaded.blocks, chosen)
    from benchmarks.runtime.prepare import prepare_with_progress

    prepare_with_progress(home, chosen.config(fidelity.data), chosen.dataset)
    wanted = [
        Training(loaded.name, loaded.blocks, fidelity, seed)
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
    for name in done[0].quality:
        mean, low, high = mean_interval([trial.quality[name] for trial in done])
        print(f"{name} {mean:.4f} [{low:.4f}, {high:.4f}] over {len(done)} seed(s), {fidelity.eval_examples} examples")
