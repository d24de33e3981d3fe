"""Ten million proposals in one process: how its memory and the store grow, and how long tables and the report take.

    accelnas reproduce long_run  # writes results/timings/long_run.csv; 1 GB of disk, twenty minutes

Nothing is trained: searches of the contest's strategies run one block after the other on detection's trained table
(the arena of benchmarks/tables/arena.py), and what a block is the first to look at goes into the store as a training
would, with its blocks and provenance.  That is what eight hours of searching amount to if a training took three
milliseconds.  Then the same by the loop that live searches use, one proposal at a time.

stage: compiled, a block of searches in compiled loops; loop, a block by the loop of live searches; table, all of the
store written as a table's Parquet file; pages, every page of results, README's tables left out; report, report.html.
proposals: different networks that searches asked for so far, each search counted for itself.  seconds: of this stage or
block, storing included.  resident_mib: memory of the process at its end.  store_rows, store_mb: what the store holds.
"""

from __future__ import annotations

import gc
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd

from benchmarks.errors import check_count
from benchmarks.evaluators.trained import trial_key
from benchmarks.experiments.head_to_head.contenders import find_contender
from benchmarks.experiments.head_to_head.ground import Cell, make_cells
from benchmarks.experiments.head_to_head.searches import search_cells
from benchmarks.report.html.build import report
from benchmarks.report.site import pages
from benchmarks.runtime.worker import resident_bytes
from benchmarks.store.files import write_table
from benchmarks.store.parquet import merge_records
from benchmarks.store.provenance import current_provenance
from benchmarks.store.records import Trial
from benchmarks.store.sqlite import STORE_FILE, ResultStore, open_store
from benchmarks.tables.arena import arena_space
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.recipes import SEARCH
from nas_algos.load import build_strategy
from nas_algos.loop import Search, search
from nas_algos.objectives import highest_quality
from nas_algos.tabular import make_table, tabular
from tasks.registry import make_task

TASK, ACCELERATOR = "detection", "ethos-u65-512"
STRATEGIES = ("local_search", "genetic", "regularised_evolution", "random")
"""Of compiled blocks, in turn."""
BUDGET = 1_000
"""Different networks of each search in a compiled block."""
LIVE_BUDGET = 100
"""The same in the loop of live searches."""
BLOCKS = 10
"""Of compiled searches."""
LIVE_BLOCKS = 5
AT_ONCE = 1_000
"""Networks that are decoded together."""
SECONDS = 0.003
"""Of a training, if ten million took eight hours."""


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce long_run --set NAME=VALUE` may change."""

    proposals: int = 10_000_000
    """In compiled searches, at least."""
    live: int = 50_000
    """By the loop of live searches, at least."""

    def __post_init__(self):
        check_count("proposals", self.proposals, least=BLOCKS, most=10**9)
        check_count("live", self.live, least=LIVE_BLOCKS, most=10**7)


class _Kept:
    """A store, and which networks of an arena it has."""

    def __init__(self, cell: Cell, folder: Path, store: ResultStore):
        self._cell, self._folder, self._store = cell, folder, store
        self._task = make_task(TASK)
        self._space = arena_space(self._task)
        self._known = np.zeros(len(cell.arena.quality), bool)
        self.proposals = 0

    def add(self, rows: np.ndarray) -> None:
        """Count these proposals, and keep the networks that are not there yet."""
        self.proposals += len(rows)
        fresh = np.unique(rows[~self._known[rows]])
        self._known[fresh] = True
        self._store.put_all(self._trials(fresh))

    def _trials(self, fresh: np.ndarray) -> Iterator[Trial]:
        fidelity, provenance = SEARCH[TASK], current_provenance()
        passes = fidelity.steps * fidelity.batch_size
        for begin in range(0, len(fresh), AT_ONCE):
            places = fresh[begin : begin + AT_ONCE]
            genotypes = np.stack(np.unravel_index(places, self._space.cardinalities), axis=-1)
            chains = self._space.decode_all(genotypes)
            for row, genotype, blocks in zip(places.tolist(), genotypes.tolist(), chains, strict=True):
                key = trial_key(self._task, blocks, fidelity, 0)
                quality = {self._task.metric: float(self._cell.arena.quality[row])}
                flops = 6.0 * passes * float(self._cell.arena.macs[row])
                drawn = {"space": "arena", "genotype": tuple(genotype), "provenance": provenance}
                yield Trial(key, "done", quality, passes, flops, SECONDS, **drawn)

    def row(self, stage: str, seconds: float) -> dict[str, Any]:
        """A row of the table, printed too."""
        gc.collect()
        size = sum(path.stat().st_size for path in self._folder.glob(f"{STORE_FILE}*"))
        found = {
            **{"stage": stage, "proposals": self.proposals, "seconds": seconds},
            **{"resident_mib": resident_bytes() / 2**20, "store_rows": int(self._known.sum()), "store_mb": size / 1e6},
        }
        print(
            ", ".join(f"{name} {value:.6g}" if name != "stage" else value for name, value in found.items()), flush=True
        )
        return found


def _compiled_block(cell: Cell, block: int, least: int) -> np.ndarray:
    """Rows of the arena that so many searches of one strategy looked at."""
    contender = find_contender(STRATEGIES[block % len(STRATEGIES)])
    found = search_cells(contender, [cell], BUDGET, -(-least // BUDGET), pool=2, seed=block)
    return np.concatenate([each.rows for each in found[0]])


def _live_block(cell: Cell, block: int, least: int) -> np.ndarray:
    shape = cell.arena.cardinalities
    table = make_table("arena", shape, -cell.arena.quality[:, None], [0.0])
    evaluator, rows = tabular(table), []
    strategy = build_strategy("regularised_evolution", shape, LIVE_BUDGET, 1)
    for seed in range(-(-least // LIVE_BUDGET)):
        key = jax.random.fold_in(jax.random.key(block), seed)
        found = search(Search(strategy, evaluator, highest_quality(), LIVE_BUDGET, key))
        asked = [each.genotype for each in found.candidates if each.state == "evaluated"]
        rows.append(np.ravel_multi_index(tuple(np.array(asked).T), shape))
    return np.concatenate(rows)


def measure(settings: Settings, folder: Path) -> list[dict[str, Any]]:
    """All rows, with a store made in the folder."""
    (cell,) = make_cells((TASK,), (ACCELERATOR,))
    found = []
    with open_store(folder) as store:
        kept = _Kept(cell, folder, store)
        stages = [("compiled", BLOCKS, settings.proposals, _compiled_block)]
        stages += [("loop", LIVE_BLOCKS, settings.live, _live_block)]
        for stage, blocks, total, searched in stages:
            for block in range(blocks):
                started = time.perf_counter()
                kept.add(searched(cell, block, -(-total // blocks)))
                found.append(kept.row(stage, time.perf_counter() - started))
        for stage, build in (
            ("table", lambda: merge_records(folder / "table.parquet", Trial, store.trials())),
            ("pages", lambda: pages(SHIPPED.parent)),
            ("report", lambda: report(SHIPPED.parent)),
        ):
            started = time.perf_counter()
            build()
            found.append(kept.row(stage, time.perf_counter() - started))
    return found


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Search with a store in a temporary folder; print rows as they come, and write them."""
    place = Path(tempfile.mkdtemp(prefix="accelnas-long-"))
    try:
        table = pd.DataFrame(measure(settings, place))
    finally:
        shutil.rmtree(place)
    write_table(folder / "long_run.csv", table)
