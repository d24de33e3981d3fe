"""Files of tables of one's own, which are read as `own.OwnTable`.

The columns before `quality` are decisions, whose choices are the texts that stand there; those after it are costs.

    width,kernel,quality,latency_ms
    8,3,0.71,1.2
    8,5,0.73,1.5
    16,3,0.75,2.1

A network with several rows was trained with several seeds, and networks may have different numbers of them.  An empty
decision does not matter for that network: all its choices are the same network.  Networks that are not there may be
proposed, but are neither answered nor charged.  Larger quality is better, smaller cost; an empty quality is a failed
training.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError, one_line
from benchmarks.store.files import write_table
from benchmarks.tables.own import MOST_ENTRIES, OwnTable, check_free
from nas_algos.errors import AlgorithmInputError
from nas_algos.evaluator import Genotype
from nas_algos.tabular import Table, load_table

BLOCK = {"decision", "choice"}
"""Columns of a file of costs that has a row a block."""


def read_table(path: Path) -> OwnTable:
    """The table of a CSV file, or of a .npz file as `nas_algos.tabular.load_table` takes it.

    Raises BenchmarkInputError, naming the line, for what is no such table.
    """
    if path.suffix == ".npz":
        return _read_npz(path)
    frame = _read_csv(path)
    if "quality" not in frame.columns[1:]:
        raise BenchmarkInputError(f"{_named(path)}: no column quality after the decisions; allowed: as --help says")
    split = list(frame.columns).index("quality")
    decisions, costs = list(frame.columns[:split]), list(frame.columns[split + 1 :])
    numbers = {name: _numbers(path, frame, name) for name in ("quality", *costs)}
    for name in costs:
        if not np.isfinite(numbers[name]).all():
            line = int(np.argmin(np.isfinite(numbers[name])))
            raise BenchmarkInputError(f"{_line(path, frame, line)} has no {name[:40]}; allowed: a number")
    choices = tuple(tuple(dict.fromkeys(value for value in frame[name] if value)) for name in decisions)
    if empty := [name for name, each in zip(decisions, choices, strict=True) if not each]:
        raise BenchmarkInputError(f"{_named(path)}: decision {empty[0][:40]} has no choice; allowed: one or more")
    grouped: dict[tuple[str, ...], list[int]] = {}
    for line, row in enumerate(frame[decisions].itertuples(index=False, name=None)):
        grouped.setdefault(row, []).append(line)
    places: dict[Genotype, int] = {}
    for place, (row, lines) in enumerate(grouped.items()):
        # an empty decision stands for all of its choices
        options = [
            range(len(own)) if not value else (own.index(value),) for value, own in zip(row, choices, strict=True)
        ]
        if len(places) + math.prod(map(len, options)) > MOST_ENTRIES:
            raise BenchmarkInputError(f"{_named(path)}: answers for too much; allowed: {MOST_ENTRIES} genotypes")
        for genotype in itertools.product(*options):
            if places.setdefault(genotype, place) != place:
                raise BenchmarkInputError(
                    f"{_line(path, frame, lines[0])} is a network that another line with other decisions is too"
                )
    return OwnTable(
        path.stem[:60],
        tuple(decisions),
        choices,
        places,
        tuple(numbers["quality"][lines] for lines in grouped.values()),
        {name: np.array([numbers[name][lines].mean() for lines in grouped.values()]) for name in costs},
        tuple(grouped),
    )


def _read_npz(path: Path) -> OwnTable:
    try:
        made, *names = load_table(path)
    except AlgorithmInputError as error:
        raise BenchmarkInputError(one_line(error)) from error
    size = math.prod(made.cardinalities)
    if size > MOST_ENTRIES:
        raise BenchmarkInputError(f"{_named(path)}: {size} genotypes; allowed: {MOST_ENTRIES}")
    decisions, costs = names_of(made, *names)
    errors = made.trainings[..., 0]
    qualities = np.where(np.isfinite(errors), -errors, np.nan)
    found = {each: made.scores[:, column] for column, each in enumerate(costs, start=1)}
    if wrong := [each for each, values in found.items() if not np.isfinite(values).all()]:
        raise BenchmarkInputError(f"{_named(path)}: {wrong[0][:40]} is not finite; allowed: finite costs")
    choices = tuple(tuple(map(str, range(each))) for each in made.cardinalities)
    places = {genotype: place for place, genotype in enumerate(itertools.product(*map(range, made.cardinalities)))}
    chosen = tuple(itertools.product(*choices))
    return OwnTable(path.stem[:60], decisions, choices, places, tuple(qualities.T), found, chosen)


def names_of(table: Table, decisions: Sequence[str], costs: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of a table's decisions and costs, those given or numbers.

    Raises BenchmarkInputError unless they are as many as there are, all different, and none of `own.RESERVED`.
    """
    counts = {"decisions": len(table.cardinalities), "costs": table.scores.shape[1] - 1}
    found = []
    for (kind, count), names in zip(counts.items(), (decisions, costs), strict=True):
        first = int(kind == "costs")  # costs are columns after the first
        names = tuple(names) or tuple(f"{kind[:-1]}_{place}" for place in range(first, first + count))
        if len(names) != count:
            raise BenchmarkInputError(f"{len(names)} names of {kind}; allowed: {count}")
        found.append(names)
    every = [*found[0], "quality", *found[1]]
    if twice := [name for name in every if every.count(name) > 1 or not name]:
        raise BenchmarkInputError(f"name {twice[0][:40]!r}; allowed: names that differ, and not quality")
    check_free(*found[0], *found[1])
    return found[0], found[1]


def with_costs(table: OwnTable, path: Path) -> OwnTable:
    """The table with the costs that a CSV file has for its networks, such as latencies of one's own device.

    The file has the table's decisions, and a column for each cost; those of the same name are replaced.  Or it has the
    columns `decision` and `choice` and a row a block: what the choice of that decision adds to each cost.  Raises
    BenchmarkInputError where a network of the table is missing, or a choice of one.
    """
    frame = _read_csv(path)
    if set(frame.columns) >= BLOCK and not BLOCK & set(table.decisions):
        return _with_added(table, path, frame)
    names = [name for name in frame.columns if name not in table.decisions]
    missing = [name for name in table.decisions if name not in frame.columns]
    if missing or not names:
        raise BenchmarkInputError(
            f"{_named(path)}: no column {missing[0][:40] if missing else 'of a cost'}; allowed: the decisions of the "
            f"table and costs"
        )
    found = {name: np.zeros(len(table.qualities)) for name in names}
    rows = np.zeros(len(table.qualities))
    values = {name: _numbers(path, frame, name) for name in names}
    for line, row in enumerate(frame[list(table.decisions)].itertuples(index=False, name=None)):
        options = [
            [at for at, own in enumerate(choices) if value in ("", own)]
            for value, choices in zip(row, table.choices, strict=True)
        ]
        # empty decisions mean more genotypes than the table has, where there are many
        if math.prod(map(len, options)) <= len(table.places):
            meant = [genotype for genotype in itertools.product(*options) if genotype in table.places]
        else:
            allowed = [set(each) for each in options]
            meant = [each for each in table.places if all(at in own for at, own in zip(each, allowed, strict=True))]
        places = [*{table.places[genotype] for genotype in meant}]
        rows[places] += 1
        for name in names:
            found[name][places] += values[name][line]
    means = {name: total / np.maximum(rows, 1) for name, total in found.items()}
    for name, each in means.items():
        if count := int(((rows == 0) | ~np.isfinite(each)).sum()):
            raise BenchmarkInputError(f"{_named(path)}: no {name[:40]} of {count} networks of the table; allowed: all")
    return replace(table, costs={**table.costs, **means})


def _with_added(table: OwnTable, path: Path, frame: pd.DataFrame) -> OwnTable:
    names = [name for name in frame.columns if name not in BLOCK]
    if not names:
        raise BenchmarkInputError(f"{_named(path)}: no column of a cost; allowed: one and more")
    values = np.stack([_numbers(path, frame, name) for name in names])
    rows: dict[tuple[str, str], int] = {}
    for line, row in enumerate(frame[["decision", "choice"]].itertuples(index=False, name=None)):
        if row[0] and row[0] not in table.decisions:
            allowed = ", ".join(table.decisions)[:120]
            raise BenchmarkInputError(f"{_line(path, frame, line)} has decision {row[0][:40]!r}; allowed: {allowed}")
        if row[1] and not row[0]:
            raise BenchmarkInputError(
                f"{_line(path, frame, line)} has choice {row[1][:40]!r} of no decision; allowed: both or neither"
            )
        if rows.setdefault(row, line) != line:
            raise BenchmarkInputError(f"{_line(path, frame, line)} is of a choice that another line is of too")
    found = np.zeros((len(names), len(table.qualities)))
    for place, choices in enumerate(table.chosen):
        # what every network pays stands in a row with neither decision nor choice
        for row in (("", ""), *zip(table.decisions, choices, strict=True)):
            if row in rows:
                found[:, place] += values[:, rows[row]]
            elif row[1]:
                raise BenchmarkInputError(
                    f"{_named(path)}: no row of {row[0][:40]} {row[1][:40]!r}; allowed: one of each"
                )
    if not np.isfinite(found).all():
        name = names[int(np.argmin(np.isfinite(found).all(1)))]
        raise BenchmarkInputError(f"{_named(path)}: no {name[:40]} of a choice of the table; allowed: all")
    return replace(table, costs={**table.costs, **dict(zip(names, found, strict=True))})


def save_table(table: Table, path: Path, decisions: Sequence[str] = (), costs: Sequence[str] = ()) -> None:
    """Write a `nas_algos.tabular.Table` as a file that `read_table` reads: a row a network and training seed.

    decisions, costs: names of its decisions and of its columns after the first, whose negative is the quality.  Raises
    BenchmarkInputError for more or fewer names than there are, and where they do not differ.
    """
    decisions, costs = names_of(table, decisions, costs)
    genotypes = np.indices(table.cardinalities).reshape(len(table.cardinalities), -1).T
    frame = pd.concat(
        [
            pd.DataFrame(genotypes, columns=pd.Index(list(decisions))).assign(
                quality=np.where(np.isfinite(scores[:, 0]), -scores[:, 0], np.nan),
                **{name: scores[:, column] for column, name in enumerate(costs, start=1)},
            )
            for scores in table.trainings
        ]
    )
    write_table(path, frame, digits=None)


def _read_csv(path: Path) -> pd.DataFrame:
    """All as texts without space around them, empty where nothing stands; the index is the line's number from 0 up."""
    try:
        text = io.BytesIO(path.read_bytes())
        # names are a row like the others, as pandas would rename those that occur twice
        rows = pd.read_csv(
            text, dtype=str, header=None, keep_default_na=False, skipinitialspace=True, skip_blank_lines=False
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BenchmarkInputError(f"{_named(path)}: cannot be read as CSV ({one_line(reason)[:80]})") from error
    rows = rows.fillna("").apply(lambda column: column.str.strip())
    rows = rows.loc[(rows != "").any(axis=1)]
    if rows.empty:
        raise BenchmarkInputError(f"{_named(path)}: cannot be read as CSV (no columns)")
    names = list(rows.iloc[0])
    if wrong := [name for name in names if not name or names.count(name) > 1]:
        raise BenchmarkInputError(f"{_named(path)}: column {wrong[0][:40]!r}; allowed: names that differ")
    frame = rows.iloc[1:].set_axis(names, axis=1)
    if frame.empty:
        raise BenchmarkInputError(f"{_named(path)}: has no row; allowed: one and more")
    return frame


def _line(path: Path, frame: pd.DataFrame, row: int) -> str:
    """Where a row stands, in words."""
    return f"{_named(path)}: line {frame.index[row] + 1}"


def _numbers(path: Path, frame: pd.DataFrame, name: str) -> np.ndarray:
    """float64 of each row, NaN where nothing stands."""
    values = np.asarray(pd.to_numeric(frame[name].replace("", "nan"), errors="coerce"), float)
    wrong = ~np.isfinite(values) & ~frame[name].str.strip().str.lower().isin(["", "nan"]).to_numpy(bool)
    if wrong.any():
        line = int(np.argmax(wrong))
        raise BenchmarkInputError(
            f"{_line(path, frame, line)} has {name[:40]} {frame[name].iloc[line][:40]!r}; allowed: a number"
        )
    return values


def _named(path: Path) -> str:
    return f"table {str(path)[-120:]}"
