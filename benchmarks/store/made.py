"""When, at which commit and where a file of results was made, as far as that was recorded."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path


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
    """
    return {
        row["file"]: Made(row["date"], row["commit"], row["machine"], row["first_version"] == "1")
        for row in _rows(results)
        if digest(results / row["file"]) == row["sha256"]
    }


def changed(results: Path) -> list[str]:
    """Paths below `results` of files that are not those which `results/provenance.csv` speaks of; where that is not
    there, none.
    """
    there = (results / "provenance.csv").is_file()
    return [row["file"] for row in _rows(results) if digest(results / row["file"]) != row["sha256"]] if there else []


def _rows(results: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((results / "provenance.csv").read_text().splitlines()))


def noted(folder: Path) -> dict[str, Made]:
    """By experiment, what the settings.json that runs write beside their files says; nothing where there is none."""
    path = folder / "settings.json"
    runs = json.loads(path.read_text()) if path.exists() else {}
    return {
        name: Made("-", run["provenance"]["commit"], "{device}, {threads} threads".format(**run["provenance"]), False)
        for name, run in runs.items()
    }


def digest(path: Path) -> str:
    """The first 16 digits of the file's SHA-256; empty for one that is not there."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.exists() else ""
