"""Records of elsewhere: every field checked before they are kept here, and marked as imported."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.errors import BenchmarkInputError, report_skipped
from benchmarks.store.parquet import kind_of, read_rows, rows_of
from benchmarks.store.records import Result, Trial
from benchmarks.store.sqlite import ResultStore
from hw_model.blocks import Block, check_chain
from hw_model.errors import HardwareInputError
from tasks.data.settings import SPLITS
from tasks.errors import TaskInputError
from tasks.fidelity import Fidelity
from tasks.registry import make_task

MAX_EXAMPLES = 10**9
"""Examples and passes that a recipe may name."""
MOST_SECONDS = 10**9
"""Of a training: thirty years."""


class Counts(NamedTuple):
    """What an import came to."""

    total: int
    """Rows of the file that were read, sound or not."""
    new: int
    """Records that the store did not have."""
    skipped: int
    """Rows that are damaged or hold what is not allowed."""


def import_file(path: Path, store: ResultStore) -> Counts:
    """Put a file's records into the store, many to a transaction; what it has done stays.

    A row that is damaged or not allowed is skipped with one line on stderr.  Raises BenchmarkInputError where the file
    is none of ours.
    """
    kind = kind_of(path)
    name = path.name.encode(errors="replace").decode()
    total = skipped = 0

    def allowed() -> Iterator[Trial | Result]:
        nonlocal total, skipped
        for found in read_rows(path, kind):
            total += rows_of(found)
            try:
                if isinstance(found, str):
                    raise BenchmarkInputError(found)
                if isinstance(found, Trial):
                    check_trial(found)
            except BenchmarkInputError as error:
                skipped += rows_of(found)
                report_skipped(str(error) if isinstance(found, str) else f"{path}: row {total - 1}: {error}")
            else:
                yield dataclasses.replace(found, imported_from=name)

    new = store.put_all(allowed())
    return Counts(total, new, skipped)


def check_trial(trial: Trial) -> None:
    """Raise BenchmarkInputError, naming the field, where a trial holds what no training here could have given."""
    try:
        _check_trial(trial)
    except BenchmarkInputError:
        raise
    except (HardwareInputError, TaskInputError) as error:
        raise BenchmarkInputError(str(error)) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise BenchmarkInputError(f"its key cannot be read ({str(error)[:80]})") from error


def _check_trial(trial: Trial) -> None:
    name, _, classes = trial.key.task.rpartition("-")
    if not classes.isdecimal() or not 1 <= int(classes[:9]) <= 10_000:
        raise BenchmarkInputError(f"task is {trial.key.task[:40]!r}; allowed: such as detection-1")
    metric = make_task(name).metric
    blocks = tuple(Block(**block) for block in json.loads(trial.key.architecture))
    check_chain(blocks)
    if any(type(flag) is not bool for block in blocks for flag in (block.residual, block.activation)):
        raise BenchmarkInputError("architecture has a flag that is not true or false")
    _check_fidelity(Fidelity(**json.loads(trial.key.fidelity)))
    if not 0 <= trial.seconds <= MOST_SECONDS:
        raise BenchmarkInputError(f"seconds are {str(trial.seconds)[:40]}; allowed: 0 to {MOST_SECONDS}")
    if trial.state == "done" and not 0 <= trial.quality.get(metric, -1.0) <= 1:
        raise BenchmarkInputError(f"quality is {str(trial.quality)[:80]}; allowed: {metric} in 0..1 among it")


def _check_fidelity(fidelity: Fidelity) -> None:
    if not isinstance(fidelity.data, str) or fidelity.eval_split not in SPLITS:
        raise BenchmarkInputError(f"fidelity has eval_split {str(fidelity.eval_split)[:40]!r}; allowed: {SPLITS}")
    for name in ("train_examples", "example_passes", "eval_examples", "batch_size"):
        value = getattr(fidelity, name)
        if type(value) is not int or not 1 <= value <= MAX_EXAMPLES:
            raise BenchmarkInputError(f"fidelity: {name} is {str(value)[:40]}; allowed: 1 to {MAX_EXAMPLES}")
    for name in ("peak_learning_rate", "weight_decay", "warmup_fraction"):
        value = getattr(fidelity, name)
        if type(value) not in (int, float) or not 0 <= value <= 1e6:
            raise BenchmarkInputError(f"fidelity: {name} is {str(value)[:40]}; allowed: 0 to 1e6")
