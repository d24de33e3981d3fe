"""When, at which commit and where a file of results was made, as far as that was recorded."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkInputError, one_line
from hw_model.errors import HardwareInputError
from hw_model.json_file import read_json

COLUMNS = {"file", "sha256", "date", "commit", "machine", "first_version"}
"""Of provenance.csv."""
NOTE = "settings.json"
"""The file that runs write beside theirs."""


@dataclass(frozen=True)
class Made:
    """Where one file of results comes from."""

    date: str
    """Day of the commit that brought the file, year first; `-` where the run itself left a note."""
    commit: str
    """That commit, abbreviated."""
    machine: str
    """Kind of the machine; never its name."""
    first_version: bool
    """Whether networks of the first version of the task's search spaces are in it."""


def recorded(results: Path) -> dict[str, Made]:
    """By path below `results`, what `results/provenance.csv` says of the files that are still those it was said of.

    A row holds the first 16 digits of a file's SHA-256, so that a file made again does not keep the old one's origin.
    Raises BenchmarkInputError where that is missing or damaged.
    """
    return {
        row["file"]: Made(row["date"], row["commit"], row["machine"], row["first_version"] == "1")
        for row in _rows(results)
        if digest(results / row["file"]) == row["sha256"]
    }


def changed(results: Path) -> list[str]:
    """Paths below `results` of files that are not those which `results/provenance.csv` speaks of; where that is not
    there, none.  Raises BenchmarkInputError where that is damaged.
    """
    there = (results / "provenance.csv").is_file()
    return [row["file"] for row in _rows(results) if digest(results / row["file"]) != row["sha256"]] if there else []


def _rows(results: Path) -> list[dict[str, str]]:
    path = results / "provenance.csv"
    try:
        rows = list(csv.DictReader(path.read_text("utf-8").splitlines(), strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise BenchmarkInputError(f"{path} cannot be read as CSV ({one_line(error)[:80]})") from error
    if not rows or any(set(row) != COLUMNS or None in row.values() for row in rows):
        raise BenchmarkInputError(f"{path}: allowed: rows of {', '.join(sorted(COLUMNS))}, one and more")
    return rows


def noted(folder: Path) -> dict[str, Made]:
    """By experiment, what the note says that runs leave in the folder; raises as `read_note`."""
    return {
        name: Made("-", run["provenance"]["commit"], "{device}, {threads} threads".format(**run["provenance"]), False)
        for name, run in read_note(folder).items()
    }


def read_note(folder: Path) -> dict[str, dict[str, Any]]:
    """By experiment, settings and provenance of the run that wrote its files there; nothing where there is no note.

    Raises BenchmarkInputError for a file of that name which is damaged or says something else.
    """
    path = folder / NOTE
    if not path.exists():
        return {}
    try:
        runs = read_json(path)
    except HardwareInputError as error:
        raise BenchmarkInputError(f"{error}; move it away first") from error
    if not isinstance(runs, dict) or not all(map(_is_told, runs.values())):
        raise BenchmarkInputError(f"{path} is no note of experiments; allowed: what they wrote; move it away first")
    return runs


def _is_told(run: Any) -> bool:
    provenance = run.get("provenance") if isinstance(run, dict) else None
    return isinstance(provenance, dict) and {"commit", "device", "threads"} <= provenance.keys()


def digest(path: Path) -> str:
    """The first 16 digits of the file's SHA-256; empty for one that is not there."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.exists() else ""
