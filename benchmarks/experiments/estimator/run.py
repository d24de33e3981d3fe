"""How good is the estimator?  Fit one for each accelerator and evaluate it on networks that it has not seen.

Measures what results/estimator/measured lacks of the networks of `networks.py`, fits (with --set refit=true, or where
there is none yet) into hw_model/pretrained, calibrates the standard deviations, and writes
results/estimator/estimator.csv.  Run: accelnas reproduce estimator

What two standard deviations hold is evaluated crosswise: the general set has two halves, each evaluated by scales that
were set on the other.  What ships has its scales from both.  Networks of the spaces set no scale at all.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from benchmarks.experiments.estimator.networks import HALVES, parts_of_spaces, wanted_networks
from benchmarks.experiments.estimator.plot import SHOWN, write_plots
from benchmarks.experiments.estimator.settings import Settings
from benchmarks.store.files import read_own_csv, write_table
from hw_model.blocks import Block
from hw_model.cost import Estimate, count_macs, energy_mj
from hw_model.cost_models import PRETRAINED
from hw_model.learned.calibration import calibrated
from hw_model.learned.dataset import MeasuredChain, load_dataset
from hw_model.learned.estimator import Estimator, estimate
from hw_model.learned.fitting import FitSettings, fit, load_estimator, save_estimator
from hw_model.learned.measuring import measure_networks
from hw_model.network_file import EXAMPLES, load_network
from hw_model.npu.calibration import calibrate, load_calibrated, save_calibrated
from hw_model.npu.model import npu_estimate
from hw_model.operators import OperatorReport
from hw_model.predict import OUTSIDE_SHARE
from hw_model.vela.accelerators import ETHOS_U, EthosU, get_accelerator
from hw_model.vela.compiler import compile_operators
from hw_model.workload import workload_from_chains

LENGTH = 64
_NPUS = PRETRAINED / "npus.json"
_FIGURES = ("within_5pct", "within_10pct", "kendall_tau", "mape_pct", "bias_pct")
_estimate, _npu_estimate = jax.jit(estimate), jax.jit(npu_estimate)


class Evaluated(NamedTuple):
    """Networks of an accelerator by what they are for."""

    learned: list[MeasuredChain]
    """What estimators are fitted to."""
    helping: list[MeasuredChain]
    """Of the fit's generator and not learned from; they help to tell what makes errors small."""
    tested: list[MeasuredChain]
    """What is evaluated by: the rest of the fit's generator, spaces, the general set, the examples that ship."""


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Measure, fit and evaluate; the table is written after each accelerator, whose rows replace those it had."""
    for chosen in [get_accelerator(name) for name in settings.accelerator or tuple(ETHOS_U)]:
        networks = _measured(settings.measured, chosen)
        fitted = _fitted(networks, chosen, settings)
        npus = load_calibrated(_NPUS)
        npu = npus.get(f"npu-{chosen.name}")
        if npu is None:
            npu = calibrate(networks.learned, chosen)
            save_calibrated(_NPUS, npus | {f"npu-{chosen.name}": npu})
        parts = settings.measured / f"{chosen.name}-parts.parquet"
        tested = networks.tested
        methods = {
            "estimator": _crosswise(fitted, networks),
            "analytic": _modelled(_npu_estimate(npu, _work(tested))),
            "macs": _by_macs(networks.learned, tested, chosen),
            **(_accumulated(tested, load_dataset(parts, chosen), chosen) if parts.exists() else {}),
        }
        rows = [row for name, guess in methods.items() for row in _rows(chosen, name, tested, guess)]
        _replace_rows(folder / "estimator.csv", pd.DataFrame(rows))
    write_plots(settings.measured, folder)


def _measured(folder: Path, accelerator: EthosU) -> Evaluated:
    """The accelerator's networks, what is not on file compiled first."""
    path = folder / f"{accelerator.name}.parquet"
    wanted = wanted_networks(accelerator)
    measure_networks(path, wanted, accelerator)
    if accelerator.name in SHOWN:
        measure_networks(folder / f"{accelerator.name}-parts.parquet", parts_of_spaces(), accelerator)
    labels = {network: label for label, network in wanted}
    # besides these, those that `accelnas measure` draws: they are of the fit's generator
    generated = ("train-general", "train-curated", "train-uncurated", "test-")
    chains = [c for c in load_dataset(path, accelerator) if c.blocks in labels or c.set.startswith(generated)]
    drawn = [chain for chain in chains if chain.set.startswith("test-")]
    tested = [replace(chain, set="fit_generator") for chain in drawn[1::2]]
    tested += [chain for chain in chains if chain.set.startswith(("space-", "general-"))]
    examples = [load_network(path) for path in sorted(EXAMPLES.glob("*.json"))]
    tested += [MeasuredChain(e.name, e.blocks, compile_operators(e.blocks, accelerator)[1]) for e in examples]
    return Evaluated([c for c in chains if c.set.startswith("train-")], drawn[::2], tested)


def _fitted(networks: Evaluated, accelerator: EthosU, settings: Settings) -> Estimator:
    """The accelerator's estimator with scales set on the whole general set, fitted where asked for or missing."""
    path = PRETRAINED / f"{accelerator.name}.npz"
    if settings.refit or not path.exists():
        fitted = fit(networks.learned, accelerator, FitSettings(steps=settings.steps))
        save_estimator(path, fitted, accelerator)
        # weights are kept in half precision, and what is kept is what scales are set for
        fitted = load_estimator(path, accelerator)
        general = [chain for chain in networks.tested if chain.set.startswith("general-")]
        save_estimator(path, calibrated(fitted, general, networks.helping), accelerator)
    return load_estimator(path, accelerator)


def _crosswise(fitted: Estimator, networks: Evaluated) -> Guess:
    """The estimator's answers; those of each half of the general set with scales set on the other half."""
    tested = networks.tested
    guess = _modelled(_estimate(fitted, _work(tested)))
    for half, other in itertools.permutations(HALVES):
        chains = [chain for chain in tested if chain.set.startswith(f"general-{other}")]
        rows = np.array([chain.set.startswith(f"general-{half}") for chain in tested])
        found = _modelled(_estimate(calibrated(fitted, chains, networks.helping), _work(tested)))
        for kept, crossed in (
            (guess.latency_std_ms, found.latency_std_ms),
            (guess.peak_std_bytes, found.peak_std_bytes),
        ):
            kept[rows] = crossed[rows]
    return guess


def _work(chains: Sequence[MeasuredChain]) -> Any:
    return workload_from_chains([chain.blocks for chain in chains], LENGTH)


def _replace_rows(path: Path, rows: pd.DataFrame) -> None:
    """Write the rows instead of those that the table has for the same accelerator, accelerators in their order."""
    table = rows.round(4)
    if path.exists():
        before = read_own_csv(path)
        table = pd.concat([before[~before["accelerator"].isin(rows["accelerator"])], table])
    order = [list(ETHOS_U).index(name) for name in table["accelerator"]]
    table = table.iloc[np.argsort(order, kind="stable")]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(path, table, digits=4)


class Guess(NamedTuple):
    """One method's figures of each tested network; NaN where it has none."""

    latency_ms: np.ndarray
    peak_activation_bytes: np.ndarray
    off_chip_bytes: np.ndarray
    energy_mj: np.ndarray
    latency_std_ms: np.ndarray
    peak_std_bytes: np.ndarray
    outside_share: np.ndarray


def _modelled(found: Estimate) -> Guess:
    cost = found.cost
    values = cost.latency_ms, cost.peak_activation_bytes, cost.off_chip_bytes, cost.energy_mj
    values += found.latency_std_ms, found.peak_std_bytes, found.outside_share
    return Guess(*(np.array(value, float) for value in values))


def _only(latency_ms: np.ndarray, peak: np.ndarray) -> Guess:
    return Guess(latency_ms, peak, *np.full((5, len(latency_ms)), np.nan))


def _by_macs(learned: list[MeasuredChain], tested: list[MeasuredChain], accelerator: EthosU) -> Guess:
    """MACs times the median ms of a MAC in the networks learned from; they say nothing of the peak."""
    learned = [chain for chain in learned if count_macs(chain.blocks)]  # pools alone have none
    ms_per_mac = np.median(_true_ms(learned, accelerator) / [count_macs(chain.blocks) for chain in learned])
    macs = np.array([count_macs(chain.blocks) for chain in tested], float)
    return _only(macs * ms_per_mac, np.full(len(tested), np.nan))


def _accumulated(tested: list[MeasuredChain], parts: list[MeasuredChain], accelerator: EthosU) -> dict[str, Guess]:
    """The sum of single blocks, and windows of two and of three blocks minus what they share, of the networks whose
    parts have all been compiled."""
    known = {part.blocks: part.report for part in parts}
    found = {}
    for name, size in {"singles": 1, "pairs": 2, "threes": 3}.items():
        values = [_windows(chain.blocks, size, known) for chain in tested]
        latency, peak = np.array(values).T
        found[name] = _only(latency / accelerator.clock_hz * 1e3, peak)
    return found


def _windows(
    blocks: tuple[Block, ...], size: int, known: dict[tuple[Block, ...], OperatorReport]
) -> tuple[float, float]:
    """Cycles and peak of a chain from its windows of so many blocks; NaN where one was not compiled."""

    def windows(width: int) -> list[tuple[Block, ...]]:
        return [blocks[start : start + width] for start in range(len(blocks) - width + 1)]

    added, taken = windows(size), windows(size - 1)[1:-1] if size > 1 else []
    if len(blocks) < size or not {*added, *taken} <= known.keys():
        return np.nan, np.nan
    cycles = sum(known[window].cycles for window in added) - sum(known[window].cycles for window in taken)
    return cycles, max(known[window].peak_activation_bytes for window in added)


def _true_ms(chains: list[MeasuredChain], accelerator: EthosU) -> np.ndarray:
    return np.array([chain.report.cycles for chain in chains]) / accelerator.clock_hz * 1e3


def _traffic(chains: list[MeasuredChain]) -> tuple[np.ndarray, np.ndarray]:
    """Bytes of what lies behind the SRAM and millijoules of each network [n], NaN where that was not kept."""
    off_chip = np.array([sum(c.report.operator_off_chip_bytes or (np.nan,)) for c in chains])
    sram = np.array([sum(c.report.operator_sram_traffic_bytes or (np.nan,)) for c in chains])
    return off_chip, energy_mj(np.array([count_macs(c.blocks) for c in chains], float), sram, off_chip)


_SETS: dict[str, Callable[[str], bool]] = {
    "spaces": lambda label: label.startswith("space-"),
    "general": lambda label: label.startswith("general-"),
    "general-published": lambda label: label.startswith("general-") and label.endswith("published"),
    "general-random": lambda label: label.startswith("general-") and label.endswith("random"),
    "fit_generator": lambda label: label == "fit_generator",
}


def _rows(accelerator: EthosU, method: str, tested: list[MeasuredChain], guess: Guess) -> list[dict[str, object]]:
    """One row for each set and one for each example network."""
    true_ms = _true_ms(tested, accelerator)
    true_peak = np.array([chain.report.peak_activation_bytes for chain in tested], float)
    true_off_chip, true_energy = _traffic(tested)
    labels = [chain.set for chain in tested]
    chosen = {name: np.array([holds(label) for label in labels]) for name, holds in _SETS.items()}
    own = [label for label in labels if not any(holds(label) for holds in _SETS.values())]
    chosen |= {label: np.array([each == label for each in labels]) for label in own}
    rows = []
    for label, of_set in chosen.items():
        of_set = of_set & ~np.isnan(guess.latency_ms)
        if not of_set.any():
            continue

        def covered(error: np.ndarray, std: np.ndarray, of_set: np.ndarray = of_set) -> float:
            known = ~np.isnan(std[of_set])
            return 100 * float(np.mean(error[of_set] < 2 * std[of_set])) if known.all() else np.nan

        row = {"accelerator": accelerator.name, "method": method, "set": label, "n": int(of_set.sum())}
        row |= _figures(guess.latency_ms[of_set], true_ms[of_set], "")
        row["within_2std_pct"] = covered(np.abs(guess.latency_ms - true_ms), guess.latency_std_ms)
        row["std_pct"] = 100 * float(np.median((guess.latency_std_ms / guess.latency_ms)[of_set]))
        row["outside_pct"] = 100 * float(np.mean(guess.outside_share[of_set] > OUTSIDE_SHARE))
        row |= _figures(guess.peak_activation_bytes[of_set], true_peak[of_set], "peak_activation_")
        row["peak_within_2std_pct"] = covered(np.abs(guess.peak_activation_bytes - true_peak), guess.peak_std_bytes)
        # where all is in SRAM nothing lies behind it, and nothing is to be evaluated
        if accelerator.memory_mode != "Sram_Only":
            row |= _figures(guess.off_chip_bytes[of_set], true_off_chip[of_set], "off_chip_")
        row |= _figures(guess.energy_mj[of_set], true_energy[of_set], "energy_")
        rows.append(row)
    return rows


def _figures(guessed: np.ndarray, true: np.ndarray, prefix: str) -> dict[str, float]:
    error = guessed / true - 1
    if np.isnan(error).any():
        return dict.fromkeys((f"{prefix}{name}" for name in _FIGURES), np.nan)
    tau = float(kendalltau(guessed, true)[0]) if len(true) > 1 else np.nan  # pyright: ignore[reportArgumentType]
    values = (
        100 * np.mean(np.abs(error) <= 0.05),
        100 * np.mean(np.abs(error) <= 0.10),
        tau,
        100 * np.mean(np.abs(error)),
        100 * np.mean(error),
    )
    return {f"{prefix}{name}": float(value) for name, value in zip(_FIGURES, values, strict=True)}
