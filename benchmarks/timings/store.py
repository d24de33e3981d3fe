"""How long the store takes with so many trials: opening, a look-up, listing, export, the full check.

    accelnas reproduce store_speed  # writes results/timings/store.csv; 4 GB of disk, half an hour

The trials are made up, but of real networks and put in as an import does; architectures repeat, as where a network is
trained with several seeds.  open_s: opening it again in the process that has just written it.  look_up_ms: median of
LOOK_UPS, of trials that are there and of trials that are not.  first_lines_s: until a list shows its first hundred
lines.  The others are of all rows; peak_mib: most memory of the process, which stays the same where rows stream.
"""

from __future__ import annotations

import dataclasses
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.files import merge_rows
from benchmarks.store.keys import architecture_text, canonical_json
from benchmarks.store.listing import trial_line
from benchmarks.store.parquet import merge_records
from benchmarks.store.provenance import current_provenance
from benchmarks.store.records import Trial, TrialKey
from benchmarks.store.sqlite import open_store
from hw_model.learned.samples import NETWORK_SETS, sample_networks
from tasks.fidelity import Fidelity

LOOK_UPS = 200
ARCHITECTURES = 2_000


def made_up_trials(count: int) -> Iterator[Trial]:
    """So many trials of real networks with drawn qualities, each of another key."""
    networks = sample_networks(0, ARCHITECTURES, NETWORK_SETS[0])
    texts = [architecture_text(blocks) for blocks in networks]
    fidelity = canonical_json(dataclasses.asdict(Fidelity("quick", 20_000, 6_400, "validation", 1_000)))
    provenance, qualities = current_provenance(), np.random.default_rng(0).random(count).tolist()
    for number, quality in enumerate(qualities):
        key = TrialKey("detection-1", "made-up", texts[number % len(texts)], fidelity, number // len(texts), "0")
        created = f"2026-01-{1 + number * 28 // count:02}T00:00:00.{number % 1000:03}+00:00"
        yield Trial(key, "done", {"map": quality}, 6_400, 1e12, 20.0, created=created, provenance=provenance)


def measure(rows: int, folder: Path) -> dict[str, Any]:
    """A row of the table, of a store made in the folder."""
    found: dict[str, Any] = {"rows": rows}

    def timed(name: str, work: Callable[[], object]) -> None:
        started = time.perf_counter()
        work()
        found[name] = time.perf_counter() - started

    with open_store(folder) as store:
        timed("put_s", lambda: store.put_all(made_up_trials(rows)))
    found["file_mb"] = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    timed("open_s", lambda: open_store(folder).close())
    with open_store(folder) as store:
        keys = [trial.key for trial in islice(made_up_trials(rows), 0, rows, max(1, rows // LOOK_UPS))]
        keys += [dataclasses.replace(key, seed=-1) for key in keys]
        times = []
        for key in keys:
            started = time.perf_counter()
            store.get(key)
            times.append(time.perf_counter() - started)
        found["look_up_ms"] = statistics.median(times) * 1e3
        found["slowest_look_up_ms"] = max(times) * 1e3
        timed("first_lines_s", lambda: [trial_line(trial) for trial in islice(store.trials(), 100)])
        timed("list_s", lambda: sum(len(trial_line(trial)) for trial in store.trials()))
        timed("export_s", lambda: merge_records(folder / "trials.parquet", Trial, store.trials()))
        found["export_mb"] = (folder / "trials.parquet").stat().st_size / 1e6
        timed("full_check_s", lambda: sum(1 for _ in store.everything()))
    # macOS counts it in bytes, Linux in KiB
    peak, unit = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 2**20 if sys.platform == "darwin" else 2**10
    return found | {"peak_mib": peak / unit}


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce store_speed --set NAME=VALUE` may change."""

    rows: int = 1_000_000
    """Trials."""


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Time a store of made-up trials in a temporary folder, print and write the table."""
    if settings.rows < 1:
        raise BenchmarkInputError(f"rows is {settings.rows}; allowed: 1 and more")
    place = Path(tempfile.mkdtemp(prefix="accelnas-store-"))
    try:
        table = merge_rows(folder / "store.csv", pd.DataFrame([measure(settings.rows, place)]), ("rows",))
    finally:
        shutil.rmtree(place)
    print(table.to_string(index=False, float_format="%.3g"))
