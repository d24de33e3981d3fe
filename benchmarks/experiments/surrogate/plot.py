"""Rank correlation of the surrogates with held-out networks by number of trained ones, a panel for each task."""

from __future__ import annotations

from pathlib import Path

import matplotlib

from benchmarks.store.files import save_figure

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

_COLOURS = {"architecture": "tab:blue", "cell": "tab:orange"}
_WORDS = {"architecture": "networks held out", "cell": "kinds, kernels and layers held out too"}


def write_plot(table: pd.DataFrame, path: Path) -> None:
    """A line for each way of holding out; what MACs reach and what noise between seeds allows, dashed and dotted."""
    tasks = list(dict.fromkeys(table["task"]))
    figure, axes = plt.subplots(1, len(tasks), figsize=(4.2 * len(tasks), 3.6), squeeze=False, layout="constrained")
    for axis, task in zip(axes[0], tasks, strict=True):
        own = table.loc[table["task"] == task]
        for grouped_by, colour in _COLOURS.items():
            line = own.loc[(own["model"] == "surrogate") & (own["grouped_by"] == grouped_by)].sort_values("n")
            axis.plot(line["n"], line["kendall_tau"], "o-", color=colour, label=_WORDS[grouped_by])
        macs = float(own.loc[(own["model"] == "macs") & (own["grouped_by"] == "architecture"), "kendall_tau"].iloc[0])
        axis.axhline(macs, color="0.4", linestyle="--", label="MACs")
        axis.axhline(float(own["noise_ceiling_tau"].iloc[0]), color="0.4", linestyle=":", label="ceiling by seeds")
        axis.set(title=task, xlabel="trained networks", xscale="log", ylim=(-0.1, 1))
    axes[0][0].set_ylabel("Kendall's tau, held out")
    axes[0][-1].legend(fontsize="small", loc="lower right")
    save_figure(path, figure, dpi=100, metadata={"Software": None})
    plt.close(figure)
