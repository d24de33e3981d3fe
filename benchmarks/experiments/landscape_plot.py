"""Three surfaces side by side: MACs, latency, latency at curated channels, each with the walk over it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def write_landscape(table: pd.DataFrame, shares: Mapping[str, float], accelerator: str, path: Path) -> None:
    """table, shares: as benchmarks.experiments.landscape gives them."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(16, 5.6))
    FigureCanvasAgg(figure)
    figure.subplots_adjust(left=0.03, right=0.97, bottom=0.08, top=0.86, wspace=0.12)
    millions = table.assign(macs=table["macs"] / 1e6)
    curated = pd.DataFrame(millions[millions["curated"]])
    panels = (
        ("MACs", millions, "macs", "path_macs", "million MACs"),
        (f"Latency on {accelerator}", millions, "latency_ms", "path_latency", "ms"),
        ("The same at curated channels only", curated, "latency_ms", "path_curated", "ms"),
    )
    for number, (title, rows, value, walked, unit) in enumerate(panels, start=1):
        axes: Any = figure.add_subplot(1, 3, number, projection="3d", computed_zorder=False)
        _surface(axes, rows, value, dense=rows is millions)
        steps = pd.DataFrame(millions[millions[walked].notna()]).sort_values(walked)
        _walk(axes, steps, value)
        told = f"walk: {len(steps) - 1} steps to {steps[value].iloc[-1]:.3g} {unit}"
        axes.set_title(f"{title}\n{told}\nof all starts {shares[walked]:.0%} lead to the least", fontsize=11)
        axes.set(xlabel="channels, layer 2", ylabel="channels, layer 3", zlim=(0, millions[value].max()))
        axes.set(xlim=(0, 100), ylim=(0, 100))
        axes.set_zlabel(unit, labelpad=2)
        axes.set_box_aspect(None, zoom=0.92)
        axes.view_init(elev=28, azim=-128)
    figure.savefig(path, dpi=110)


def _surface(axes: Any, rows: pd.DataFrame, value: str, dense: bool) -> None:
    grid = rows.pivot(index="channels_2", columns="channels_3", values=value)
    x, y = np.meshgrid(grid.index.to_numpy(float), grid.columns.to_numpy(float), indexing="ij")
    edges = {"linewidth": 0.15, "edgecolor": (0, 0, 0, 0.25)} if dense else {"linewidth": 0.6, "edgecolor": "black"}
    axes.plot_surface(x, y, grid.to_numpy(float), cmap="viridis", rstride=1, cstride=1, alpha=0.9, zorder=1, **edges)
    if not dense:
        axes.scatter(x, y, grid.to_numpy(float), color="black", s=10, zorder=2)


def _walk(axes: Any, steps: pd.DataFrame, value: str) -> None:
    places = [steps[name].to_numpy(float) for name in ("channels_2", "channels_3", value)]
    axes.plot(*places, color="red", linewidth=2.2, zorder=5)
    axes.scatter(*([column[0]] for column in places), color="white", edgecolor="red", s=60, zorder=6, label="start")
    axes.scatter(*([column[-1]] for column in places), color="red", marker="X", s=90, zorder=7, label="end")
    axes.legend(loc="upper left", fontsize=8)
