"""Kendall's tau of each zero-shot score with trained quality, a panel for each task."""

from __future__ import annotations

from pathlib import Path

import matplotlib

from benchmarks.store.files import save_figure

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

SERIES = {
    "all networks": ("kendall_tau", "low", "high", "tab:blue", 0.25),
    "at equal latency": ("tau_at_equal_latency", "equal_latency_low", "equal_latency_high", "tab:orange", -0.25),
    "in the best tenth": ("tau_best_tenth", "best_tenth_low", "best_tenth_high", "tab:green", 0.0),
}


def write_plot(table: pd.DataFrame, path: Path) -> None:
    """Scores from the best down, tau with its 95% interval in all and in parts; a line at that of MACs."""
    tasks = list(dict.fromkeys(table["task"]))
    figure, axes = plt.subplots(1, len(tasks), figsize=(4.6 * len(tasks), 5), squeeze=False, layout="constrained")
    for axis, task in zip(axes[0], tasks, strict=True):
        own = table[table["task"] == task]
        rows = own.iloc[np.argsort(np.nan_to_num(np.asarray(own["kendall_tau"], float), nan=-2.0), kind="stable")]
        places = np.arange(len(rows))
        for label, (value, low, high, colour, shift) in SERIES.items():
            middle = rows[value].to_numpy(float)
            # a percentile interval need not hold the value
            reach = [np.maximum(middle - rows[low], 0), np.maximum(rows[high] - middle, 0)]
            axis.errorbar(middle, places + shift, xerr=reach, fmt="o", markersize=4, color=colour, label=label)
        macs = rows["kendall_tau"].to_numpy(float)[rows["score"].to_numpy() == "macs"]
        axis.axvline(macs[0], color="0.6", linestyle="--", linewidth=1)
        axis.axvline(0.0, color="0.8", linewidth=1)
        axis.set_yticks(places, rows["score"])
        axis.set_xlabel("Kendall's tau with trained quality")
        axis.set_title(f"{task}, {rows['n'].to_numpy(int).max()} networks")
    axes[0][0].legend(loc="lower right", fontsize="small")
    save_figure(path, figure, dpi=100, metadata={"Software": None})
    plt.close(figure)
