"""Anytime curves of the searches in each kind of space, and the shares that say why."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.store.files import save_figure

COLOURS = {
    "curated": "#4477aa",
    "shifted": "#66ccee",
    "random-subset": "#ee8866",
    "auto-curated": "#228833",
    "uncurated": "#aa3377",
}
WIDTH = 0.17  # of a bar


def write_plot(curves: Mapping[tuple[str, str], np.ndarray], table: pd.DataFrame, path: Path) -> None:
    """curves: best latency so far over the best known, [seeds, evaluations], of each accelerator and space."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    accelerators = list(dict.fromkeys(accelerator for accelerator, _ in curves))
    figure = Figure(figsize=(3.6 * len(accelerators) + 0.6, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, len(accelerators), squeeze=False, sharey="row")
    rows = {(row["accelerator"], row["space"]): row for row in table.to_dict("records")}
    for column, accelerator in enumerate(accelerators):
        above, below = panels[0, column], panels[1, column]
        for space, colour in COLOURS.items():
            curve = curves[accelerator, space]
            trials = np.arange(1, curve.shape[1] + 1)
            low, middle, high = (np.quantile(curve, q, axis=0, method="lower") for q in (0.25, 0.5, 0.75))
            shown = np.isfinite(high)
            above.fill_between(trials[shown], low[shown], high[shown], color=colour, alpha=0.2, linewidth=0)
            above.plot(trials[shown], middle[shown], color=colour, label=space)
        above.axhline(1.05, color="grey", linestyle=":", label="within 5% of the best known")
        above.set(title=accelerator, xlabel="evaluations", ylim=(0.95, 3.0), xscale="log")
        names = ("monotone_share", "latency_minima_share", "channel_minima_share", "local_minima_share")
        for number, (space, colour) in enumerate(COLOURS.items()):
            heights = [rows[accelerator, space][name] for name in names]
            places = np.arange(len(names)) + (number - (len(COLOURS) - 1) / 2) * WIDTH
            below.bar(places, heights, width=WIDTH, color=colour)
            for place, height in zip(places, heights, strict=True):
                below.annotate(f"{height:.2f}", (place, height), ha="center", va="bottom", fontsize=6, rotation=90)
        labels = ["latency rises\nwith MACs", "minima of\nlatency in\nchannels", "minima of\nobjective in\nchannels"]
        below.set_xticks(np.arange(len(names)), [*labels, "minima of\nobjective in\nall decisions"], fontsize=7)
    panels[0, 0].set_ylabel("latency / best known\n(median and quartiles over seeds)")
    panels[1, 0].set_ylabel("share")
    panels[0, -1].legend(fontsize=7)
    save_figure(path, figure, dpi=120)
