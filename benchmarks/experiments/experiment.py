"""What an experiment is: settings, a run, and where it writes."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.setting_checks import check_settings
from benchmarks.store.made import NOTE, read_note

LONGEST_NAME = 200
"""Bytes of a folder's name; file systems take 255, and files are written beside by longer names."""


@dataclass(frozen=True)
class Experiment:
    """What `accelnas reproduce NAME` runs.

    Its module has `Settings`, a frozen dataclass whose defaults are what the shipped files were made with and which
    refuses what is not allowed, and `run(settings, home, folder)`, which computes, writes into the folder and prints.
    """

    name: str
    """As it is given to `accelnas reproduce`."""
    shows: str
    """What its figures say, in a few words."""
    hours: float
    """About how long it takes on two cores with nothing in the stores."""
    shelf: str
    """The folder of its files below the results; others may write there as well."""
    files: tuple[str, ...]
    """What it writes there."""
    module: str
    """Imported only when it runs, as that takes seconds."""
    chooses_rows: tuple[str, ...] = ()
    """Settings that choose which rows are made anew and leave the figures of each as they are."""

    def settings(self, given: Mapping[str, Any]) -> Any:
        """The default settings with some changed, texts read as what each is.

        Raises AlgorithmInputError for a setting that there is not, and for a text that is no value of its setting,
        BenchmarkInputError and others for a value that is not allowed.
        """
        from nas_algos.settings import changed

        settings = changed(self.name, importlib.import_module(self.module).Settings(), given)
        check_settings(self.name, settings, given)
        return settings

    def folder(self, results: Path, settings: Any) -> Path:
        """Where it writes: with settings that yield other figures than the shipped, a folder of their own."""
        default = type(settings)()
        other = [
            f"{each.name}={_text(getattr(settings, each.name))}"
            for each in dataclasses.fields(settings)
            if each.name not in self.chooses_rows and getattr(settings, each.name) != getattr(default, each.name)
        ]
        folder, name = results / self.shelf, f"{self.name}-{'-'.join(other)}"
        if len(name.encode()) > LONGEST_NAME:
            digest = hashlib.sha256(name.encode()).hexdigest()[:8]
            name = f"{name.encode()[: LONGEST_NAME - 9].decode(errors='ignore')}-{digest}"
        return folder / name if other else folder

    def run(self, settings: Any, home: Path, results: Path) -> Path:
        """Run it; the folder that it wrote to, where settings.json says with which settings.

        Raises BenchmarkInputError, before it runs, for a settings.json there that cannot be added to and for a table
        of which rows would stay and that cannot be read; and what its module does.
        """
        from benchmarks.store.files import check_mergeable

        folder = self.folder(results, settings)
        read_note(folder)
        for name in self.files if self.chooses_rows else ():
            if name.endswith(".csv"):
                check_mergeable(folder / name, ())
        importlib.import_module(self.module).run(settings, home, folder)
        _note_settings(folder, self.name, settings)
        return folder


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(_text, value))
    if isinstance(value, Path):  # two of one name are two
        return f"{value.stem}-{hashlib.sha256(str(value.resolve()).encode()).hexdigest()[:8]}"
    return str(value).replace("/", "_")


def _note_settings(folder: Path, name: str, settings: Any) -> None:
    """Beside those of the other experiments of the folder, which may end at the same time."""
    from benchmarks.store.provenance import current_provenance
    from hw_model.files import folder_locked, write_whole

    default = vars(type(settings)())
    told = dataclasses.asdict(settings).items()
    own = {
        # folders of the suite's own say where it lies on this machine, and nothing of the figures
        "settings": {each: value for each, value in told if not (isinstance(value, Path) and value == default[each])},
        "provenance": dataclasses.asdict(current_provenance()),
    }
    with folder_locked(folder):
        kept = read_note(folder) | {name: own}
        write_whole(folder / NOTE, json.dumps(dict(sorted(kept.items())), indent=1, default=str) + "\n")
