"""`accelnas reproduce`: run the main job of a profile and write its tables."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.errors import BenchmarkInputError
from benchmarks.home import DEFAULT_HOME
from benchmarks.store.files import write_table

if TYPE_CHECKING:
    from benchmarks.experiments.detection.run import DetectionResult

TASKS = ("detection", "head_to_head")


def reproduce(
    task: tuple[str, ...] = TASKS,
    profile: str = "quick",
    strategy: str | None = None,
    classes: int | None = None,
    pages: bool = False,
    home: Path = DEFAULT_HOME,
    results: Path = Path("results"),
) -> None:
    """Search, train and judge, then print the tables and write them to RESULTS/detection and RESULTS/head_to_head.

    Profiles but quick have folders of their own in these.

    Stop it at any moment and run it again: finished trainings are not repeated.

    Args:
        task: detection (the article's first table), head_to_head (families of search compared, a part of what
            `accelnas compare` does), or both.
        profile: smoke (a minute), quick (forty minutes on two cores) or full (days of CPU).
        strategy: of detection alone: random or regularised_evolution instead of the profile's; then
            RESULTS/detection/PROFILE-STRATEGY is written.
        classes: of detection alone: 10 for Fashion-MNIST's classes instead of presence; then
            RESULTS/detection/PROFILE-10-classes is written.
        pages: Run nothing; write docs/results and the generated parts of README.md beside RESULTS from its files.
        home: Directory that data, trials and measurements are kept in.
        results: Directory that tables and plots are written to.
    """
    if pages:
        _write_pages(results.resolve().parent)
        return
    unknown = [name for name in task if name not in TASKS]
    if unknown or not task:
        names = ", ".join(map(repr, unknown)) or "none"
        raise BenchmarkInputError(f"unknown task {names}; allowed: {', '.join(TASKS)}")
    # jax and pandas take seconds to load, which `accelnas --help` need not pay
    from benchmarks.experiments.detection.settings import detection_settings
    from benchmarks.experiments.head_to_head.settings import CONTESTS
    from benchmarks.store.files import results_folder

    detection_settings(profile)  # a wrong name is told before anything is done
    if "detection" in task:
        _reproduce_detection(profile, strategy, classes, home, results)
    if "head_to_head" in task and strategy is None and classes is None:
        from benchmarks.experiments.head_to_head.contest import make_contest
        from benchmarks.experiments.head_to_head.report import run_and_write

        contest = CONTESTS[profile]
        folder = results_folder(results, "head_to_head", profile)
        run_and_write(make_contest(home, contest), contest.contenders, contest.final_seeds, folder)


def _write_pages(root: Path) -> None:
    from benchmarks.report.readme import write_readme
    from benchmarks.report.site import write_pages

    changed = [path.relative_to(root) for path in [*write_pages(root), *write_readme(root)]]
    print("\n".join(map(str, changed)) if changed else "every page is up to date")


def _reproduce_detection(profile: str, strategy: str | None, classes: int | None, home: Path, results: Path) -> None:
    from benchmarks.experiments.detection.run import SearchFailedError, run_detection
    from benchmarks.experiments.detection.settings import check_classes, check_strategy, detection_settings
    from benchmarks.runtime.prepare import prepare_with_progress
    from benchmarks.store.files import results_folder

    settings = detection_settings(profile)
    if strategy is not None:
        check_strategy(strategy)
        settings, profile = dataclasses.replace(settings, strategy=strategy), f"{profile}-{strategy}"
    if classes is not None:
        check_classes(classes)
        settings, profile = dataclasses.replace(settings, classes=classes), f"{profile}-{classes}-classes"
    for data in sorted({settings.search.data, settings.final.data}):
        prepare_with_progress(home, data)
    try:
        result = run_detection(home, profile, settings)
    except SearchFailedError as error:
        raise SystemExit(f"accelnas: {error}") from error
    write_results(result, home, results_folder(results, "detection", profile))


def write_results(result: DetectionResult, home: Path, folder: Path) -> None:
    """Write table, trials, what fusing each block alone saves, plot and a sheet of scenes; print the table."""
    from rich.console import Console

    from benchmarks.experiments.detection.fusion import fusion_table
    from benchmarks.experiments.detection.plot import write_plot
    from benchmarks.experiments.detection.table import detection_table, detection_trials, markdown
    from hw_model.files import write_whole
    from hw_model.vela.measurements import MeasurementCache
    from tasks.data.contact_sheet import write_contact_sheet
    from tasks.data.own_datasets import FASHION_SCENES

    folder.mkdir(parents=True, exist_ok=True)
    table, trials = detection_table(result), detection_trials(result)
    text = markdown(result, table)
    with MeasurementCache(home / "measurements.sqlite") as cache:
        fusion = fusion_table(result.spaces["V2"], result.profile.accelerators, cache)
    write_table(folder / "detection.csv", table)
    write_table(folder / "detection_trials.csv", trials)
    write_table(folder / "detection_fusion.csv", fusion)
    write_whole(folder / "detection.md", text)
    write_plot(result, table, trials, folder / "detection.png")
    write_contact_sheet(FASHION_SCENES.load(home, result.profile.final.data, "test"), folder / "scenes.png")
    console = Console(width=max(Console().width, 200))
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    console.print(f"Written to {folder}", soft_wrap=True, highlight=False)
