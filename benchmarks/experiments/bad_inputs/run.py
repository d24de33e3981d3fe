"""What the command line makes of ten thousand inputs that nothing can work with.

Writes results/bad_inputs/bad_inputs.csv; run: accelnas reproduce bad_inputs (about ten minutes of one core).

A row a kind of `kinds.KINDS`, and one, "process", for inputs of all kinds given to processes of their own whose output
is ASCII.  tracebacks: calls that ended with an exception of Python's.  wrong_exit: those with another exit code than
2 (1 where rows of a file may be sound), or that began something long.  long_messages: those that said on stderr
anything but one line (several where rows of a file may be sound) of at most MAX_LINE characters.  overwritten: those
after which a file that was there had changed, or a file of results was there that had not been.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

from benchmarks.errors import MAX_LINE
from benchmarks.evaluators.trained import trial_key
from benchmarks.experiments.bad_inputs.bad_input import BadInput
from benchmarks.experiments.bad_inputs.file_kinds import NETWORK
from benchmarks.experiments.bad_inputs.kinds import KINDS
from benchmarks.experiments.bad_inputs.settings import Settings
from benchmarks.fidelities import get_fidelity
from benchmarks.runtime.progress import SearchProgress
from benchmarks.store.files import write_table
from benchmarks.store.parquet import write_records
from benchmarks.store.records import Trial
from benchmarks.tables.design import Cell, table_spaces
from benchmarks.tables.jobs import job_of
from benchmarks.tables.parts import Wanted
from tasks.registry import make_task

ROOT = Path(__file__).parents[3]
COLUMNS = ("kind", "inputs", "tracebacks", "wrong_exit", "long_messages", "overwritten")
SECONDS = 120
"""That a process may take."""


class BeganError(BaseException):
    """Something long has begun."""


@dataclass(frozen=True)
class Outcome:
    """What became of one input."""

    code: int | None
    """None after a traceback."""
    errors: str
    """What was said on stderr."""
    began: bool = False
    """Whether something long began."""
    overwritten: bool = False
    """Whether a file has changed that was there."""

    def faults(self, one: BadInput) -> dict[str, bool]:
        """By column."""
        lines = self.errors.splitlines()
        long = any(len(line) > MAX_LINE + len("accelnas: ") for line in lines)
        return {
            "tracebacks": self.code is None,
            "wrong_exit": self.began or (self.code is not None and self.code not in one.codes),
            "long_messages": self.code is not None and (long or (len(lines) != 1 and 1 not in one.codes)),
            "overwritten": self.overwritten,
        }


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Try them all, print every fault, and write the table."""
    table, _ = try_all(settings)
    write_table(folder / "bad_inputs.csv", table)
    print(table.to_string(index=False))


def try_all(settings: Settings) -> tuple[pd.DataFrame, list[str]]:
    """The table, and a line for each fault."""
    inside = settings.inputs - settings.processes
    counts = {kind: round(share * inside) for kind, (_, share) in KINDS.items()}
    counts["options"] += inside - sum(counts.values())
    rows, lines = [], []
    with tempfile.TemporaryDirectory() as name, SearchProgress("kinds", len(counts) + 1) as progress:
        folder = Path(name)
        _furnish(folder)
        kinds = {kind: [(kind, number) for number in range(count)] for kind, count in counts.items()}
        some = [
            (kind, -1 - number) for number, kind in zip(range(settings.processes), itertools.cycle(KINDS), strict=False)
        ]
        for kind, wanted in {**kinds, "process": some}.items():
            found: dict[str, int] = dict.fromkeys(COLUMNS[2:], 0)
            for maker, number in wanted:
                one = make(maker, settings.seed, number, folder)
                outcome = in_process(one, folder) if kind == "process" else inside_this(one, folder)
                faults = [column for column, wrong in outcome.faults(one).items() if wrong]
                for column in faults:
                    found[column] += 1
                if faults:
                    shown = [argument[:60] for argument in one.arguments]
                    said = f"exit {outcome.code}: {outcome.errors[-300:]!r}"
                    lines.append(f"{kind} {maker} {number}: {', '.join(faults)}: {shown}, {said}")
                    print(lines[-1], flush=True)
            rows.append({"kind": kind, "inputs": len(wanted)} | found)
            progress.finished(kind, f"{kind}: {len(wanted)} inputs")
    return pd.DataFrame(rows, columns=pd.Index(COLUMNS)), lines


def make(kind: str, seed: int, number: int, folder: Path) -> BadInput:
    """The input of that number, its files in the folder."""
    one = KINDS[kind][0](random.Random(f"{seed} {kind} {number}"), folder)
    return replace(one, arguments=tuple(map(str, one.arguments)))


def inside_this(one: BadInput, folder: Path) -> Outcome:
    """Call the command line in this process, where nothing long may begin."""
    cli = importlib.import_module("benchmarks.cli")
    errors, code, began = io.StringIO(), None, False
    before = _content(folder)
    environment = dict([one.environment] if one.environment else ())
    with (
        contextlib.chdir(folder),
        _nothing_long(),
        mock.patch.dict(os.environ, environment),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(errors),
    ):
        try:
            code = cli.run(one.arguments)
        except BeganError:
            began, code = True, 0
        except Exception as error:
            errors.write(f"{type(error).__name__}: {error}")
    return Outcome(code, errors.getvalue(), began, _content(folder) != before)


def in_process(one: BadInput, folder: Path) -> Outcome:
    """Call the command line in a process of its own, whose output is ASCII."""
    before = _content(folder)
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    environment |= dict([one.environment] if one.environment else ())
    arguments = [argument.replace("\0", "0") for argument in one.arguments]  # the system takes none
    command = [sys.executable, "-m", "accelnas", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, timeout=SECONDS, stdin=subprocess.DEVNULL
    )
    errors = done.stderr.decode(errors="replace")
    code = None if "Traceback (most recent call last)" in errors else done.returncode
    return Outcome(code, errors, False, _content(folder) != before)


@contextlib.contextmanager
def _nothing_long() -> Iterator[None]:
    """Workers, preparing data, compiling whole data sets and experiments raise BeganError instead."""
    raises = mock.Mock(side_effect=BeganError)
    with contextlib.ExitStack() as stack:
        for place in (
            "benchmarks.runtime.executor.LocalExecutor.__init__",
            "benchmarks.runtime.prepare.get_dataset",
            "benchmarks.experiments.experiment.Experiment.run",
            "hw_model.learned.measuring.measure_sets",
            "benchmarks.tables.parts.part_of",
        ):
            stack.enter_context(mock.patch(place, _checked(raises) if place.endswith("get_dataset") else raises))
        yield


def _checked(raises: Any) -> Any:
    """`get_dataset` that names an unknown data set as ever, and whose data set then raises."""
    real = importlib.import_module("tasks.data.datasets").get_dataset

    def get(name: str) -> Any:
        chosen = real(name)

        def prepare(home: Path, data: str, *_: Any, **__: Any) -> None:
            chosen.version(data)  # refuses a size that there is not
            raises()

        return mock.Mock(prepare=prepare)

    return get


def _furnish(folder: Path) -> None:
    """What the kinds make their inputs of, and files that must stay as they are."""
    (folder / "tests.json").write_text(json.dumps(NETWORK))
    (folder / "results" / "tables").mkdir(parents=True)
    for name in ("results/keep.csv", "results/tables/keep.csv", "keep.txt"):
        (folder / name).write_text("kept")
    (folder / "home").mkdir()
    task, fidelity = make_task("detection"), get_fidelity("detection", "smoke")
    uncurated = table_spaces(task)["uncurated"]
    genotype = (0,) * len(uncurated.cardinalities)
    blocks = uncurated.decode(genotype)
    spent = {"example_passes": 8, "training_flops": 1.0, "seconds": 1.0}
    write_records(
        folder / "trials.parquet",
        Trial,
        [Trial.finished(trial_key(task, blocks, fidelity, seed), {"map": 0.5}, **spent) for seed in range(3)],
    )
    cell = Cell("cell", "uncurated", np.array([genotype], np.int32), (blocks,), (0,))
    job = job_of(Wanted(cell, fidelity), task)
    (folder / "jobs.json").write_text(json.dumps([job]))
    row = {"job": job["name"], "index": 0, "seconds": 1.0, "finite": True, "quality": {"map": 0.5}, "jax": "0"}
    (folder / "rows.jsonl").write_text(json.dumps(row | {"device": "cpu"}))


def _content(folder: Path) -> Mapping[str, bytes]:
    """Files that must stay: those that were there at the beginning, and all results."""
    kept = [folder / name for name in ("tests.json", "keep.txt", "trials.parquet", "jobs.json", "rows.jsonl")]
    found = [path for path in (folder / "results").rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in [*kept, *found]}
