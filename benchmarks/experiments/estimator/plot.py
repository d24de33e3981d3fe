"""Plots of the estimator: predicted against compiled, error by accelerator, and the rocky landscape of channel counts.

Reads results/estimator/measured, results/estimator/estimator.csv and the fitted estimators; compiles the channel sweep.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from benchmarks.store.files import read_own_csv, save_figure

matplotlib.use("Agg")
import jax
from matplotlib import pyplot as plt

from hw_model.blocks import Block
from hw_model.cost import Estimate, count_macs
from hw_model.cost_models import PRETRAINED
from hw_model.learned.dataset import load_dataset
from hw_model.learned.estimator import estimate
from hw_model.learned.fitting import load_estimator
from hw_model.vela.accelerators import ETHOS_U, EthosU
from hw_model.vela.compiler import compile_blocks
from hw_model.workload import workload_from_chains

SHOWN = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")
SETS = ("space-", "general-")
METHODS = {"estimator": "C0", "pairs": "C2", "singles": "C1", "analytic": "C4", "macs": "C7"}
SWEEP = range(8, 66)
LENGTH = 64


def write_plots(measured: Path, folder: Path) -> None:
    """Draw all of them into the folder of estimator.csv."""
    plot_scatter(measured, folder / "estimator_scatter.png")
    plot_errors(read_own_csv(folder / "estimator.csv"), folder / "estimator_error.png")
    plot_sweep(folder / "channel_sweep.png")


def plot_scatter(measured: Path, path: Path) -> None:
    """Predicted against compiled latency and peak of the networks evaluated by."""
    figure, axes = plt.subplots(2, len(SHOWN), figsize=(4 * len(SHOWN), 7.5), constrained_layout=True)
    for column, name in enumerate(SHOWN):
        accelerator = ETHOS_U[name]
        chains = [c for c in load_dataset(measured / f"{name}.parquet", accelerator) if c.set.startswith(SETS)]
        found = _estimated(accelerator, [chain.blocks for chain in chains]).cost
        true_ms = np.array([chain.report.cycles for chain in chains]) / accelerator.clock_hz * 1e3
        true_kib = np.array([chain.report.peak_activation_bytes for chain in chains]) / 1024
        of_spaces = np.array([chain.set.startswith("space-") for chain in chains])
        pairs = [(true_ms, found.latency_ms, "ms"), (true_kib, np.asarray(found.peak_activation_bytes) / 1024, "KiB")]
        for row, (true, guessed, unit) in enumerate(pairs):
            ax = axes[row, column]
            for label, chosen in {"general": ~of_spaces, "spaces": of_spaces}.items():
                ax.loglog(true[chosen], np.asarray(guessed)[chosen], ".", markersize=4, label=label)
            ends = np.array([true.min(), true.max()])
            ax.loglog(ends, ends, "k-", linewidth=0.8)
            ax.fill_between(ends, 0.9 * ends, 1.1 * ends, color="k", alpha=0.1, label="within 10%")
            ax.set_xlabel(f"compiled, {unit}")
            ax.set_ylabel(f"estimated, {unit}")
            ax.set_title(f"{name}: {'latency' if row == 0 else 'peak SRAM'}")
    axes[0, 0].legend()
    save_figure(path, figure, dpi=110)
    plt.close(figure)


def plot_errors(table: pd.DataFrame, path: Path) -> None:
    """Mean absolute error of latency by accelerator and method: models on general networks, sums on those of spaces."""
    of = np.where(table["method"].isin(["singles", "pairs"]), "spaces", "general")
    table = table.loc[table["set"] == of]
    names = [name for name in ETHOS_U if name in set(table["accelerator"])]
    figure, ax = plt.subplots(figsize=(1.5 + 0.55 * len(names), 5), constrained_layout=True)
    width = 0.8 / len(METHODS)
    for offset, (method, color) in enumerate(METHODS.items()):
        rows = table.query("method == @method").set_index("accelerator")["mape_pct"].reindex(names)
        ax.bar(np.arange(len(names)) + offset * width - 0.4, rows, width, align="edge", color=color, label=method)
    ax.axhline(3, color="k", linewidth=0.8, linestyle="--", label="3%")
    ax.set_yscale("log")
    ax.set_ylabel("mean absolute error of latency, %")
    ax.set_xticks(np.arange(len(names)), names, rotation=90)
    ax.legend(ncols=3)
    save_figure(path, figure, dpi=110)
    plt.close(figure)


def plot_sweep(path: Path) -> None:
    """Latency of a small network as the channels of its middle grow one by one."""
    figure, axes = plt.subplots(1, len(SHOWN), figsize=(4 * len(SHOWN), 3.6), constrained_layout=True)
    networks = [_swept(channels) for channels in SWEEP]
    macs = np.array([count_macs(network) for network in networks], float)
    for ax, name in zip(axes, SHOWN, strict=True):
        accelerator = ETHOS_U[name]
        true = np.array([compile_blocks(network, accelerator).latency_ms for network in networks])
        found = _estimated(accelerator, networks)
        guessed, std = np.asarray(found.cost.latency_ms), np.asarray(found.latency_std_ms)
        ax.fill_between(SWEEP, guessed - 2 * std, guessed + 2 * std, color="C0", alpha=0.2)
        ax.plot(SWEEP, guessed, "C0-", label="estimated, 2 std")
        ax.plot(SWEEP, true, "k.", label="compiled")
        ax.plot(SWEEP, macs * (true / macs).mean(), "C7--", linewidth=0.8, label="by MACs")
        ax.set_xlabel("channels")
        ax.set_ylabel("latency, ms")
        ax.set_title(name)
    axes[0].legend()
    save_figure(path, figure, dpi=110)
    plt.close(figure)


def _swept(channels: int) -> tuple[Block, ...]:
    return (
        Block("conv", 64, 64, 3, 16, 3, 2),
        Block("ibn", 32, 32, 16, channels, 3, 1, 4),
        Block("conv", 32, 32, channels, channels),
        Block("fused_ibn", 32, 32, channels, 32, 3, 2, 2),
        Block("conv", 16, 16, 32, 5, 1, activation=False),
    )


def _estimated(accelerator: EthosU, networks: list[tuple[Block, ...]]) -> Estimate:
    estimator = load_estimator(PRETRAINED / f"{accelerator.name}.npz", accelerator)
    return jax.jit(estimate)(estimator, workload_from_chains(networks, LENGTH))
