"""How scores rank a table's trained networks: rows of zero_shot.csv."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.statistics.rank_correlation import (
    draw_clusters,
    equal_slices,
    kendall,
    kendall_gain,
    kendall_gain_within,
    kendall_within,
)

LEAST_IN_TENTH = 20
"""So many networks at least are the best tenth."""


def correlation_row(table: pd.DataFrame, score: str, trained: int) -> dict[str, Any]:
    """How the score ranks one task's trained networks: the columns of zero_shot.csv but task and speed.

    table: columns `quality`, `latency_ms`, `macs`, `cell` (networks of one share all but channels, so that resamples
    draw whole ones) and the score, rows without a quality left out.
    trained: networks with a quality, those too that the table has no row of.
    """
    table = pd.DataFrame(table[table["quality"].notna()])
    values, quality, macs, latency = (
        table[column].to_numpy(np.float64) for column in (score, "quality", "macs", "latency_ms")
    )
    cells = table["cell"].to_numpy()
    known = np.isfinite(values)
    # slices and the best tenth are of all networks, so that they are the same for every score
    slices = equal_slices(latency)[known]
    best = np.zeros(len(quality), bool)
    best[np.argsort(-quality, kind="stable")[: max(LEAST_IN_TENTH, len(quality) // 10)]] = True
    best = best[known]
    values, quality, macs, cells = values[known], quality[known], macs[known], cells[known]
    tau = within = tenth = gain = gain_within = (math.nan,) * 3
    if len(values):
        drawn = draw_clusters(cells)
        tau = kendall(values, quality, drawn)
        within = kendall_within(values, quality, slices, drawn)
        gain = kendall_gain(values, macs, quality, drawn)
        gain_within = kendall_gain_within(values, macs, quality, slices, drawn)
        if best.any():
            tenth = kendall(values[best], quality[best], draw_clusters(cells[best]))
    named = {
        "kendall_tau": tau[0],
        **{"low": tau[1], "high": tau[2]},
        "tau_at_equal_latency": within[0],
        **{"equal_latency_low": within[1], "equal_latency_high": within[2]},
        "tau_best_tenth": tenth[0],
        **{"best_tenth_low": tenth[1], "best_tenth_high": tenth[2]},
    }
    return {
        **{"score": score, "n": len(values), "without": trained - len(values)},
        **{name: float(value) for name, value in named.items()},
        "better_than_macs": bool(gain[1] > 0),
        **{
            name: float(value)
            for name, value in zip(("gain_at_equal_latency", "gain_low", "gain_high"), gain_within, strict=True)
        },
        "better_than_macs_at_equal_latency": bool(gain_within[1] > 0),
    }
