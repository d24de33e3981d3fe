"""Anytime curves of the searches in each kind of space."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.store.files import save_figure

COLOURS = {
    "curated": "#4477aa",
    "shifted": "#66ccee",
    "random-subset": "#ee8866",
    "auto-curated": "#228833",
    "uncurated": "#aa3377",
}


def write_plot(curves: Mapping[tuple[str, str, str], np.ndarray], path: Path) -> None:
    """curves: regret in per cent after each evaluation, [searches, evaluations], by task, accelerator and space."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    tasks = list(dict.fromkeys(task for task, _, _ in curves))
    accelerators = list(dict.fromkeys(accelerator for _, accelerator, _ in curves))
    figure = Figure(figsize=(3.4 * len(accelerators) + 0.6, 2.8 * len(tasks) + 0.4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(tasks), len(accelerators), squeeze=False, sharex=True, sharey="row")
    for row, task in enumerate(tasks):
        for column, accelerator in enumerate(accelerators):
            panel = panels[row, column]
            for space in (each for each in COLOURS if (task, accelerator, each) in curves):
                curve, colour = curves[task, accelerator, space], COLOURS[space]
                trials = np.arange(1, curve.shape[1] + 1)
                low, middle, high = (np.quantile(curve, q, axis=0, method="lower") for q in (0.25, 0.5, 0.75))
                shown = np.isfinite(high)
                panel.fill_between(trials[shown], low[shown], high[shown], color=colour, alpha=0.2, linewidth=0)
                panel.plot(trials[shown], middle[shown], color=colour, label=space)
            panel.set(title=f"{task}, {accelerator}", xscale="log", ylim=(0, None))
            panel.axhline(5, color="grey", linestyle=":", label="within 5% of the best known")
        panels[row, 0].set_ylabel("regret in % (median\nand quartiles of searches)")
    for panel in panels[-1]:
        panel.set_xlabel("evaluations")
    panels[0, -1].legend(fontsize=7)
    save_figure(path, figure, dpi=90)
