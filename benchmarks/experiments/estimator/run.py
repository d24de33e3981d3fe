"""How good is the estimator?  Fit one for each measured accelerator and judge it on networks that it has not seen.

Reads results/estimator/measured (accelnas measure --test 300 --parts), writes the fitted estimators into
hw_model/pretrained, hw_model/pretrained/npus.json (the calibrated parametric accelerators) and
results/estimator/estimator.csv.  Run: accelnas reproduce estimator
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import pandas as pd
from rich.progress import track
from scipy.stats import kendalltau

from benchmarks.experiments.estimator.plot import write_plots
from benchmarks.experiments.estimator.settings import Settings
from benchmarks.store.files import write_table
from hw_model.blocks import Block
from hw_model.cost import Estimate, count_macs
from hw_model.learned.dataset import MeasuredChain, load_dataset
from hw_model.learned.estimator import estimate
from hw_model.learned.fitting import FitSettings, fit, load_estimator, save_estimator
from hw_model.network_file import EXAMPLES, load_network
from hw_model.npu.calibration import calibrate, load_calibrated, save_calibrated
from hw_model.npu.model import npu_estimate
from hw_model.predict import PRETRAINED
from hw_model.vela.accelerators import ETHOS_U, EthosU, get_accelerator
from hw_model.vela.compiler import compile_operators
from hw_model.workload import workload_from_chains

LENGTH = 32
_NPUS = PRETRAINED / "npus.json"
_FIGURES = ("within_5pct", "within_10pct", "kendall_tau", "mape_pct", "bias_pct")


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Fit and judge estimators; the table is written after each accelerator, whose rows replace those it had."""
    names = settings.accelerator or tuple(name for name in ETHOS_U if (settings.measured / f"{name}.parquet").exists())
    examples = [load_network(path) for path in sorted(EXAMPLES.glob("*.json"))]
    for chosen in track([get_accelerator(name) for name in names], description="estimators"):
        chains = load_dataset(settings.measured / f"{chosen.name}.parquet", chosen)
        learned = [chain for chain in chains if chain.set.startswith("train-")]
        tested = [chain for chain in chains if chain.set.startswith("test-")]
        tested += [MeasuredChain(e.name, e.blocks, compile_operators(e.blocks, chosen)[1]) for e in examples]
        path = PRETRAINED / f"{chosen.name}.npz"
        if settings.refit or not path.exists():
            save_estimator(path, fit(learned, chosen, FitSettings(steps=settings.steps)), chosen)
        npu = calibrate(learned, chosen)
        save_calibrated(_NPUS, load_calibrated(_NPUS) | {f"npu-{chosen.name}": npu})
        work = workload_from_chains([chain.blocks for chain in tested], LENGTH)
        parts = settings.measured / f"{chosen.name}-parts.parquet"
        methods = {
            "estimator": _modelled(jax.jit(estimate)(load_estimator(path, chosen), work)),
            "analytic": _modelled(jax.jit(npu_estimate)(npu, work)),
            "macs": _by_macs(learned, tested, chosen),
            **(_accumulated(tested, load_dataset(parts, chosen), chosen) if parts.exists() else {}),
        }
        rows = [row for name, guess in methods.items() for row in _rows(chosen, name, tested, guess)]
        _replace_rows(folder / "estimator.csv", pd.DataFrame(rows))
    write_plots(settings.measured, folder)


def _replace_rows(path: Path, rows: pd.DataFrame) -> None:
    """Write the rows instead of those that the table has for the same accelerator, accelerators in their order."""
    table = rows.round(4)
    if path.exists():
        before = pd.read_csv(path)
        table = pd.concat([before[~before["accelerator"].isin(rows["accelerator"])], table])
    order = [list(ETHOS_U).index(name) for name in table["accelerator"]]
    table = table.iloc[np.argsort(order, kind="stable")]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(path, table, digits=4)


class Guess(NamedTuple):
    """One method's latency in ms and peak activation bytes of each tested network; not a number where it has none."""

    latency_ms: np.ndarray
    peak_activation_bytes: np.ndarray
    latency_std_ms: np.ndarray | None = None


def _modelled(found: Estimate) -> Guess:
    values = found.cost.latency_ms, found.cost.peak_activation_bytes, found.latency_std_ms
    return Guess(*(np.asarray(value, float) for value in values))


def _by_macs(learned: list[MeasuredChain], tested: list[MeasuredChain], accelerator: EthosU) -> Guess:
    """MACs times the median ms of a MAC in the networks learned from; they say nothing of the peak."""
    ms_per_mac = np.median(_true_ms(learned, accelerator) / [count_macs(chain.blocks) for chain in learned])
    macs = np.array([count_macs(chain.blocks) for chain in tested], float)
    return Guess(macs * ms_per_mac, np.full(len(tested), np.nan))


def _accumulated(tested: list[MeasuredChain], parts: list[MeasuredChain], accelerator: EthosU) -> dict[str, Guess]:
    """The sum of single blocks, and pairs minus inner singles, of the networks whose parts have all been compiled."""
    known = {part.blocks: part.report for part in parts}
    ms_per_cycle = 1e3 / accelerator.clock_hz

    def singles(blocks: tuple[Block, ...]) -> tuple[float, float]:
        ones = [known[(block,)] for block in blocks]
        return sum(one.cycles for one in ones) * ms_per_cycle, max(one.peak_activation_bytes for one in ones)

    def pairs(blocks: tuple[Block, ...]) -> tuple[float, float]:
        twos = [known[pair] for pair in itertools.pairwise(blocks)]
        inner = sum(known[(block,)].cycles for block in blocks[1:-1])
        cycles = sum(two.cycles for two in twos) - inner
        return cycles * ms_per_cycle, max(two.peak_activation_bytes for two in twos)

    found = {}
    for name, accumulate in {"singles": singles, "pairs": pairs}.items():
        parts_of = [{(b,) for b in chain.blocks} | {*itertools.pairwise(chain.blocks)} for chain in tested]
        values = [
            accumulate(chain.blocks) if needed <= known.keys() else (np.nan, np.nan)
            for chain, needed in zip(tested, parts_of, strict=True)
        ]
        found[name] = Guess(*np.array(values).T)
    return found


def _true_ms(chains: list[MeasuredChain], accelerator: EthosU) -> np.ndarray:
    return np.array([chain.report.cycles for chain in chains]) / accelerator.clock_hz * 1e3


def _rows(accelerator: EthosU, method: str, tested: list[MeasuredChain], guess: Guess) -> list[dict[str, object]]:
    """One row for all test networks, one for each set and one for each example network."""
    true_ms = _true_ms(tested, accelerator)
    true_peak = np.array([chain.report.peak_activation_bytes for chain in tested], float)
    sets = np.array([chain.set for chain in tested])
    drawn = np.char.startswith(sets, "test-")
    chosen = {"all": drawn, **{label.removeprefix("test-"): sets == label for label in sorted(set(sets))}}
    rows = []
    for label, rows_of_set in chosen.items():
        rows_of_set = rows_of_set & ~np.isnan(guess.latency_ms)
        if not rows_of_set.any():
            continue
        row = {"accelerator": accelerator.name, "method": method, "set": label, "n": int(rows_of_set.sum())}
        row |= _figures(guess.latency_ms[rows_of_set], true_ms[rows_of_set], "")
        row |= _figures(guess.peak_activation_bytes[rows_of_set], true_peak[rows_of_set], "peak_activation_")
        if method == "estimator" and guess.latency_std_ms is not None:
            deviation = np.abs(guess.latency_ms - true_ms)[rows_of_set]
            row["within_2std_pct"] = 100 * np.mean(deviation < 2 * guess.latency_std_ms[rows_of_set])
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
