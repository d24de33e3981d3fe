"""Quality after a short training against quality after a long one, a panel for each task."""

from __future__ import annotations

from pathlib import Path

import matplotlib

from benchmarks.store.files import save_figure

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd


def write_plot(trials: pd.DataFrame, table: pd.DataFrame, path: Path) -> None:
    """A dot for each architecture; a bar as long as two standard deviations of the seed noise either way."""
    figure, axes = plt.subplots(1, len(table), figsize=(4.2 * len(table), 4), squeeze=False, layout="constrained")
    for axis, row in zip(axes[0], table.to_dict("records"), strict=True):
        own = trials[(trials["task"] == row["task"]) & (trials["seed"] == 0)]
        qualities = own.pivot(index="architecture", columns="fidelity", values="quality").astype(float)
        noise = 2 * float(row["seed_std"])
        style = {"fmt": "o", "color": "tab:blue", "ecolor": "0.8", "markersize": 4}
        axis.errorbar(qualities[row["low"]], qualities[row["high"]], xerr=noise, **style)
        interval = f"[{float(row['tau_low']):.2f}, {float(row['tau_high']):.2f}]"
        axis.set_title(f"{row['task']}: tau {float(row['kendall_tau']):.2f} {interval}")
        axis.set_xlabel(f"{row['metric']} at {row['low']} (bar: 2 seed std)")
        axis.set_ylabel(f"{row['metric']} at {row['high']}")
    save_figure(path, figure, dpi=100, metadata={"Software": None})
    plt.close(figure)
