"""The networks of the article's tables, to be trained: what turns their rows from predicted to trained.

Each network of results/TASK/TASK.csv, results/iso_latency/iso_latency.csv and results/transfer/transfer.csv, the
baseline first, is a cell of SEEDS trainings.  Those that the uncurated space does not hold, such as an expert's with
expansions of four, have no genotype: they are the baseline with other kinds, channels and expansions at its places.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from benchmarks.errors import BenchmarkInputError
from benchmarks.problem import baseline_blocks
from benchmarks.store.files import read_own_csv
from benchmarks.tables.design import Cell, table_spaces
from benchmarks.tables.summaries import blocks_of, rewritten
from hw_model.blocks import Block
from hw_model.network_text import summary
from tasks.errors import TaskInputError
from tasks.spaces.layer import Choice
from tasks.spaces.registry import skeleton_for
from tasks.spaces.skeleton import Skeleton
from tasks.spaces.space import SearchSpace
from tasks.task import Task

OF_ALL_TASKS = ("iso_latency", "transfer")
SEEDS = 5
AGAIN = ("detection", "ethos-u65-512")
"""Task and accelerator whose networks `make reproduce` trains, beside those of AGAIN_SEEDS that are shipped."""
AGAIN_SEEDS = (3_000_001, 3_000_002)
# apart from the seeds of other parts
FIRST_SEED, SPREAD = 10_000_000, 1_000_000_000


def article_cells(results: Path, task: Task, tables: tuple[str, ...] = ()) -> list[Cell]:
    """A cell for each network, the baseline first, of some of the tables or of all that hold the task.

    Raises BenchmarkInputError where a file is missing, or names a network that is neither of the uncurated space nor
    the baseline rewritten.
    """
    space, skeleton, cells = table_spaces(task)["uncurated"], skeleton_for(task), list[Cell]()
    for text in summaries(results, task.name, tables or (task.name, *OF_ALL_TASKS)):
        genotype = genotype_of(space, skeleton, text)
        blocks = _rewritten_baseline(task, text) if genotype is None else space.decode(genotype)
        name, label = f"{task.name}-article-{len(cells):02d}", "" if genotype is None else space.name
        genotypes = np.array([genotype or ()] * SEEDS, np.int32)
        cells.append(Cell(name, label, genotypes, (blocks,) * SEEDS, seeds_of(text)))
    return cells


def seeds_of(text: str) -> tuple[int, ...]:
    """SEEDS of the network with this summary, whichever tables name it."""
    first = FIRST_SEED + crc32(text.encode()) % SPREAD
    return tuple(range(first, first + SEEDS))


def again_cells(results: Path, task: Task) -> list[Cell]:
    """Those of AGAIN, of the uncurated space and trained once with each of AGAIN_SEEDS; none of other tasks.

    Raises as `article_cells` does.
    """
    name, accelerator = AGAIN
    if task.name != name:
        return []
    rows = _rows(results / name / f"{name}.csv")
    own = {row["network"] for row in rows if row.get("accelerator") == accelerator}
    count = len(AGAIN_SEEDS)
    return [
        Cell(
            cell.name.replace("article", "again"), cell.space, cell.genotypes[:count], cell.chains[:count], AGAIN_SEEDS
        )
        for cell in article_cells(results, task, (name,))
        if cell.space and summary(cell.chains[0]) in own
    ]


def _rewritten_baseline(task: Task, text: str) -> tuple[Block, ...]:
    start, told = baseline_blocks(task), blocks_of(text)[1]
    blocks = rewritten(start, told) if len(told) == len(start) else start
    if summary(blocks) != text:
        raise BenchmarkInputError(f"{task.name}: {text[:120]!r} is no network of the space, nor the baseline rewritten")
    return blocks


def summaries(results: Path, task: str, tables: tuple[str, ...]) -> list[str]:
    """The different networks of the task's rows of these tables as their summaries, in order."""
    found: list[str] = []
    for file in (results / name / f"{name}.csv" for name in tables):
        for row in _rows(file):
            if row.get("task", row.get("target", task)) == task:
                found.append(row["network"])
    return list(dict.fromkeys(found))


def _rows(file: Path) -> list[dict[Hashable, Any]]:
    """Rows of a table, all of which name a network."""
    rows = read_own_csv(file, ("network",), f"accelnas reproduce {file.stem}").to_dict("records")
    for text in {str(row["network"]) for row in rows}:
        try:
            blocks_of(text)
        except ValueError as error:
            raise BenchmarkInputError(f"{file}: {text[:120]!r} is no network") from error
    return rows


def genotype_of(space: SearchSpace, skeleton: Skeleton, text: str) -> tuple[int, ...] | None:
    """A genotype of the uncurated space whose network has this summary; None where there is none."""
    return next(genotypes_of(space, skeleton, text), None)


def genotypes_of(space: SearchSpace, skeleton: Skeleton, text: str) -> Iterator[tuple[int, ...]]:
    """All genotypes of the uncurated space whose network has this summary: blocks may be divided among stages in
    several ways, of which the surrogate does not expect quite the same.
    """
    for chosen in _readings(skeleton, text):
        try:
            genotype = space.encode({name: chosen[name] for name in (each.name for each in space.decisions)})
        except (TaskInputError, KeyError):
            continue
        if summary(space.decode(genotype)) == text:
            yield genotype


def _readings(skeleton: Skeleton, text: str) -> Iterator[dict[str, Choice]]:
    """What decisions might be of a network with this summary: each division of its encoder into stages."""
    shape, blocks = blocks_of(text)
    ups = [place for place, block in enumerate(blocks) if block.kind == "upsample"]
    ends = [place for place, block in enumerate(blocks) if block.kind in ("upsample", "global_pool")]
    encoder = blocks[1 : min([*ends, len(blocks) - 1])]
    chosen: dict[str, Choice] = {**skeleton.baseline(), "channels_stem": blocks[0].channels}
    chosen["input_side"] = int(shape.split("x")[0])
    if skeleton.decoder_channels:
        chosen["output_stride"] = skeleton.output_strides[len(skeleton.decoder_channels) - len(ups)]
    for number, place in enumerate(ups, start=1):
        block = blocks[place + 1]
        chosen |= {f"block_up_{number}": _name(block.kind, block.expansion), f"channels_up_{number}": block.channels}
    numbers = range(1, skeleton.most_layers + 1)
    for layers in itertools.product(numbers, repeat=len(skeleton.stages)):
        if sum(layers) == len(encoder):
            rest, reading = iter(encoder), dict(chosen)
            for stage, count in enumerate(layers, start=1):
                own = [next(rest) for _ in range(count)]
                reading |= {f"block_{stage}_{n}": _name(b.kind, b.expansion) for n, b in enumerate(own, start=1)}
                reading |= {f"layers_{stage}": count, f"kernel_{stage}": own[0].kernel}
                reading[f"channels_{stage}"] = own[0].channels
            yield reading


def _name(kind: str, expansion: int) -> str:
    return kind if expansion == 1 else f"{kind}_{expansion}"
