"""Three surfaces side by side: MACs, latency, latency at curated channels, each with the walks over it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.store.files import save_figure

END = {"color": "red", "marker": "X", "s": 60}


def write_landscape(
    table: pd.DataFrame, walked: pd.DataFrame, titles: Mapping[str, str], accelerator: str, path: Path
) -> None:
    """table, walked, titles: as benchmarks.experiments.landscape.run gives them."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(16, 5.6))
    FigureCanvasAgg(figure)
    figure.subplots_adjust(left=0.03, right=0.97, bottom=0.08, top=0.86, wspace=0.12)
    millions = table.assign(macs=table["macs"] / 1e6)
    curated = pd.DataFrame(millions[millions["curated"]])
    panels = (
        ("macs", "MACs", millions, "macs", "million MACs"),
        ("latency", f"Latency on {accelerator}", millions, "latency_ms", "ms"),
        ("curated", "The same at curated channels only", curated, "latency_ms", "ms"),
    )
    for number, (name, title, rows, value, unit) in enumerate(panels, start=1):
        axes: Any = figure.add_subplot(1, 3, number, projection="3d", computed_zorder=False)
        _surface(axes, rows, value, dense=rows is millions)
        places = pd.DataFrame(walked[walked["surface"] == name]).merge(millions, on=["channels_2", "channels_3"])
        for first, (_, steps) in enumerate(places.sort_values(["walk", "step"]).groupby("walk")):
            _walk(axes, steps, value, labelled=first == 0)
        axes.legend(loc="upper left", fontsize=8)
        axes.set_title(f"{title}\n{titles[name]}", fontsize=11)
        axes.set(xlabel="channels, layer 2", ylabel="channels, layer 3", zlim=(0, millions[value].max()))
        axes.set(xlim=(0, 100), ylim=(0, 100))
        axes.set_zlabel(unit, labelpad=2)
        axes.set_box_aspect(None, zoom=0.92)
        axes.view_init(elev=28, azim=-128)
    save_figure(path, figure, dpi=110)


def _surface(axes: Any, rows: pd.DataFrame, value: str, dense: bool) -> None:
    grid = rows.pivot(index="channels_2", columns="channels_3", values=value)
    x, y = np.meshgrid(grid.index.to_numpy(float), grid.columns.to_numpy(float), indexing="ij")
    edges = {"linewidth": 0.15, "edgecolor": (0, 0, 0, 0.25)} if dense else {"linewidth": 0.6, "edgecolor": "black"}
    axes.plot_surface(x, y, grid.to_numpy(float), cmap="viridis", rstride=1, cstride=1, alpha=0.9, zorder=1, **edges)
    if not dense:
        axes.scatter(x, y, grid.to_numpy(float), color="black", s=10, zorder=2)


def _walk(axes: Any, steps: pd.DataFrame, value: str, labelled: bool) -> None:
    places = [steps[name].to_numpy(float) for name in ("channels_2", "channels_3", value)]
    axes.plot(*places, color="red", linewidth=1.8, zorder=5)
    for end, look, label in ((0, {"color": "white", "edgecolor": "red", "s": 45}, "start"), (-1, END, "end")):
        named = {"label": label} if labelled else {}
        axes.scatter(*([column[end]] for column in places), zorder=6 - end, **look, **named)
