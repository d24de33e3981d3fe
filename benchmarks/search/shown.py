"""What `accelnas search` prints of its table: a row a network, with units, as wide as the terminal is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table

from benchmarks.runtime.console import WIDE


def search_table(rows: Sequence[Mapping[str, Any]], metric: str, width: int) -> Table:
    """Rows of table.csv.  SRAM is what is in use at most, "kept" whether the bounds are, by the network's own cost."""
    table = Table(box=box.SIMPLE_HEAD)
    wide = width >= WIDE
    names = ["network", f"{metric} (95%)", "ms", "SRAM KiB", "param KiB", "bounds"]
    names += ["M MACs", "mJ", "off-chip KiB", "in search", "trainings"] if wide else []
    for name in names:
        table.add_column(name, justify="left" if name in ("network", "bounds") else "right")
    for row in rows:
        cells = [
            row["network"],
            quality(row),
            number(row["latency_ms"]),
            number(row["peak_activation_bytes"] / 1024, ".0f"),
            number(row["param_bytes"] / 1024, ".1f"),
            "kept" if row["within_bound"] else "broken",
        ]
        if wide:
            cells += [number(row["macs"] / 1e6), number(row["energy_mj"], ".3g")]
            cells += [number(row["off_chip_bytes"] / 1024, ".0f"), number(row["seen_by_search"], ".3f")]
            cells.append(str(row["trainings"]))
        table.add_row(*cells)
    return table


def quality(row: Mapping[str, Any]) -> str:
    """Mean and, of several trainings, its 95% interval."""
    if not math.isfinite(row["quality_low"]):
        return number(row["quality"], ".3f")
    return f"{row['quality']:.3f} ({row['quality_low']:.3f}-{row['quality_high']:.3f})"


def number(value: float, form: str = ".4g") -> str:
    """A dash where there is none."""
    return format(value, form) if math.isfinite(value) else "-"
