"""Latency against mAP: every candidate the searches trained, the winners named."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.experiments.detection.run import DetectionResult
from benchmarks.store.files import save_figure

COLOURS = {"Baseline": "black", "V1": "#4477aa", "V2": "#ee8866", "V3": "#228833"}


def write_plot(result: DetectionResult, table: pd.DataFrame, trials: pd.DataFrame, path: Path) -> None:
    """One panel for each accelerator; small dots are single trainings of the search, diamonds the final means."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    accelerators = result.profile.accelerators
    figure = Figure(figsize=(4.2 * len(accelerators) + 0.8, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(accelerators), squeeze=False, sharey=True)[0]
    for panel, accelerator in zip(panels, accelerators, strict=True):
        for space in result.spaces:
            tried = trials[(trials["accelerator"] == accelerator) & (trials["space"] == space)]
            label = f"{space}: trained in the search"
            panel.plot(tried["latency_ms"], tried["map"], "o", color=COLOURS[space], alpha=0.45, label=label)
        panel.axhline(result.floor, color="grey", linestyle=":", label="floor in the search")
        rows = [row for row in table.to_dict("records") if row["accelerator"] == accelerator]
        # a search that finds nothing better ends where the baseline is: one diamond with both names
        for architecture in dict.fromkeys(row["architecture"] for row in rows):
            models = [row for row in rows if row["architecture"] == architecture]
            point, colour = models[0], COLOURS[models[0]["model"]]
            spread = [[point["map"] - point["map_low"]], [point["map_high"] - point["map"]]]
            place = (point["latency_ms"], point["map"])
            panel.errorbar(*place, yerr=spread, fmt="D", color=colour, capsize=3, markersize=8)
            names = ", ".join(row["model"] for row in models)
            # to the left, where there is room for the slowest of them
            panel.annotate(names, place, (-8, 6), textcoords="offset points", ha="right")
        panel.set_title(accelerator)
        panel.set_xlabel("latency [ms], compiled by Vela")
        panel.margins(x=0.12)
    panels[0].set_ylabel("mAP@[.5:.95]")
    figure.suptitle(
        f"Dots: one short training each, validation scenes.  Diamonds: mean of {result.profile.final_seeds} longer "
        "trainings, test scenes, 95% interval.",
        fontsize=9,
    )
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=8)
    save_figure(path, figure, dpi=110)
