"""Search, train and evaluate, then print the article's table and write it with everything it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.experiments.detection.fusion import fusion_table
from benchmarks.experiments.detection.plot import write_plot
from benchmarks.experiments.detection.run import DetectionResult, run_detection
from benchmarks.experiments.detection.settings import (
    DetectionSettings,
    detection_settings,
    with_classes,
    with_strategy,
)
from benchmarks.experiments.detection.table import detection_table, detection_trials, markdown
from benchmarks.runtime.console import plain_console
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.store.files import write_table
from hw_model.files import write_whole
from hw_model.vela.measurements import MeasurementCache
from tasks.data.contact_sheet import write_contact_sheet
from tasks.data.own_datasets import FASHION_SCENES


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce detection --set NAME=VALUE` may change."""

    profile: str = "quick"
    """smoke (a minute), quick (half an hour on two cores) or full (days of CPU)."""
    strategy: str | None = None
    """A strategy of one objective, or FILE.py, instead of the profile's."""
    classes: int = 1
    """1 for presence, 10 for Fashion-MNIST's classes."""

    def __post_init__(self):
        self.chosen()  # what is wrong is told before anything is done

    def chosen(self) -> DetectionSettings:
        """The profile's settings, changed.  Raises BenchmarkInputError or AlgorithmInputError."""
        settings = with_classes(detection_settings(self.profile), self.classes)
        return settings if self.strategy is None else with_strategy(settings, self.strategy)


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Finished trainings are not repeated.  Raises SystemExit when the baseline cannot be trained."""
    chosen = settings.chosen()
    for data in sorted({chosen.search.data, chosen.final.data}):
        prepare_with_progress(home, data)
    result = run_detection(home, settings.profile, chosen)
    write_results(result, home, folder)


def write_results(result: DetectionResult, home: Path, folder: Path) -> None:
    """Write table, trials, what fusing each block alone saves, plot and a sheet of scenes; print the table."""
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
    console = plain_console(200)
    console.print(text, markup=False, highlight=False, soft_wrap=True)
