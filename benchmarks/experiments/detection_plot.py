"""Latency against mAP: every candidate the searches trained, the winners named."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.experiments.detection import DetectionResult

SPACE_COLOURS = {"V1": "#4477aa", "V2": "#ee8866", "V3": "#228833"}


def write_plot(result: DetectionResult, table: pd.DataFrame, trials: pd.DataFrame, path: Path) -> None:
    """One panel for each accelerator; small dots are single trainings of the search, large ones the final means."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    accelerators = result.profile.accelerators
    figure = Figure(figsize=(5.2 * len(accelerators), 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(accelerators), squeeze=False, sharey=True)[0]
    for panel, accelerator in zip(panels, accelerators, strict=True):
        for space, colour in SPACE_COLOURS.items():
            tried = trials[(trials["accelerator"] == accelerator) & (trials["space"] == space)]
            label = f"{space}, trained in the search (one seed, validation)"
            panel.plot(tried["latency_ms"], tried["map"], "o", color=colour, alpha=0.45, markersize=5, label=label)
        panel.axhline(result.floor, color="grey", linestyle=":", label="floor in the search")
        for row in (row for row in table.to_dict("records") if row["accelerator"] == accelerator):
            colour = SPACE_COLOURS.get(row["model"], "black")
            spread = [[row["map"] - row["map_low"]], [row["map_high"] - row["map"]]]
            panel.errorbar(row["latency_ms"], row["map"], yerr=spread, fmt="D", color=colour, capsize=3, markersize=8)
            panel.annotate(row["model"], (row["latency_ms"], row["map"]), (7, 7), textcoords="offset points")
        panel.set_title(accelerator)
        panel.set_xlabel("latency [ms], compiled by Vela")
    panels[0].set_ylabel("mAP@[.5:.95]; diamonds: final means on test scenes, 95% interval")
    panels[0].legend(fontsize=7, loc="lower right")
    figure.savefig(path, dpi=110)
