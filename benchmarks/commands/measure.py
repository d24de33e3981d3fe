"""`accelnas measure`: compile sampled networks for an accelerator and keep their profiles."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Annotated

import jax
import numpy as np
import tyro
from rich.progress import track

from hw_model.blocks import Block
from hw_model.errors import HardwareInputError
from hw_model.learned.dataset import MeasuredChain, load_dataset, save_dataset
from hw_model.learned.device import current_device, time_blocks
from hw_model.learned.estimator import estimate
from hw_model.learned.fitting import fit as fit_estimator
from hw_model.learned.fitting import save_estimator
from hw_model.learned.samples import NETWORK_SETS, sample_general_networks, sample_networks
from hw_model.predict import PRETRAINED
from hw_model.vela.accelerators import ETHOS_U, EthosU, Target, get_accelerator
from hw_model.vela.profiles import Profile, profile_blocks
from hw_model.workload import workload_from_chains

TRAIN_SEED, TEST_SEED, REFINE_SEED = 1, 2, 3
THIS_DEVICE = "this-device"
_SAVE_SECONDS = 10.0


def measure(
    accelerator: Annotated[tuple[str, ...], tyro.conf.UseAppendAction],
    budget: int = 600,
    general: int = 200,
    test: int = 300,
    refine: int = 0,
    parts: bool = False,
    fit: bool = False,
    output: Path = Path("results/estimator/measured"),
) -> None:
    """Compile sampled networks for accelerators and write OUTPUT/<accelerator>.parquet; interrupt and resume at will.

    Args:
        accelerator: Name of an Ethos-U, or this-device for the one that JAX computes on, whose blocks are timed; repeat
            the option for several.
        budget: Networks to learn from, drawn in equal parts from the curated and uncurated sets.
        general: Networks of all shapes to learn from besides, so that the estimator knows more than the sets.
        test: Networks to evaluate on, from another seed.
        refine: Networks to learn from besides, those of ten times as many that an estimator fitted to the others is
            least sure of.
        parts: Compile the blocks and adjacent pairs of the test networks as well, which the sum of
            single blocks and the accumulation of pairs are reckoned from, into <accelerator>-parts.parquet.
        fit: Fit the estimator that accelnas cost uses to all networks to learn from.
        output: Directory of the data sets.
    """
    if not accelerator:
        raise HardwareInputError(f"no --accelerator given; allowed: {THIS_DEVICE}, {', '.join(ETHOS_U)}")
    for name, value in {"budget": budget, "general": general, "test": test, "refine": refine}.items():
        if value < 0:
            raise HardwareInputError(f"{name} is {value}; allowed: 0 and more")
    for chosen in [_target(name) for name in accelerator]:
        tests = _labelled("test", TEST_SEED, test)
        wanted = _labelled("train", TRAIN_SEED, budget) + tests
        wanted += [("train-general", network) for network in sample_general_networks(TRAIN_SEED, general)]
        path = output / f"{chosen.name}.parquet"
        _measure_into(path, wanted, chosen)
        if refine:
            _measure_into(path, _least_sure(_learned(path, chosen), refine, chosen), chosen)
        if parts:
            _measure_into(output / f"{chosen.name}-parts.parquet", _parts(tests), chosen)
        if fit:
            fitted = fit_estimator(_learned(path, chosen), chosen)
            save_estimator(PRETRAINED / f"{chosen.name}.npz", fitted, chosen)


def _target(name: str) -> Target:
    return current_device() if name == THIS_DEVICE else get_accelerator(name)


def _profile(blocks: tuple[Block, ...], accelerator: Target) -> Profile:
    return profile_blocks(blocks, accelerator) if isinstance(accelerator, EthosU) else time_blocks(blocks)


def _learned(path: Path, accelerator: Target) -> list[MeasuredChain]:
    return [chain for chain in load_dataset(path, accelerator) if chain.set.startswith("train-")]


def _least_sure(learned: list[MeasuredChain], count: int, accelerator: Target) -> list[tuple[str, tuple[Block, ...]]]:
    """The networks whose latency an ensemble fitted to those learned from disagrees about most."""
    estimator = fit_estimator(learned, accelerator)
    drawn = [blocks for _, blocks in _labelled("candidate", REFINE_SEED, 10 * count)]
    found = jax.jit(estimate)(estimator, workload_from_chains(drawn))
    doubt = np.asarray(found.latency_std_ms / found.cost.latency_ms)
    return [("train-refined", drawn[index]) for index in np.argsort(-doubt)[:count]]


def _labelled(label: str, seed: int, count: int) -> list[tuple[str, tuple[Block, ...]]]:
    per_set = [count // len(NETWORK_SETS) + (index < count % len(NETWORK_SETS)) for index in range(len(NETWORK_SETS))]
    return [
        (f"{label}-{network_set.name}", network)
        for network_set, size in zip(NETWORK_SETS, per_set, strict=True)
        for network in sample_networks(seed, size, network_set)
    ]


def _parts(networks: list[tuple[str, tuple[Block, ...]]]) -> list[tuple[str, tuple[Block, ...]]]:
    singles: set[tuple[Block, ...]] = {(block,) for _, network in networks for block in network}
    pairs: set[tuple[Block, ...]] = {pair for _, network in networks for pair in itertools.pairwise(network)}
    return [("single", part) for part in sorted(singles, key=str)] + [("pair", part) for part in sorted(pairs, key=str)]


def _measure_into(path: Path, wanted: list[tuple[str, tuple[Block, ...]]], accelerator: Target) -> None:
    known = load_dataset(path, accelerator) if path.exists() else []
    by_blocks = {chain.blocks: chain for chain in known}
    missing = [(label, blocks) for label, blocks in dict.fromkeys(wanted) if blocks not in by_blocks]
    last_save = time.monotonic()
    try:
        for label, blocks in track(missing, description=accelerator.name, disable=not missing):
            known.append(MeasuredChain(label, blocks, _profile(blocks, accelerator)))
            if time.monotonic() - last_save > _SAVE_SECONDS:
                save_dataset(path, known, accelerator)
                last_save = time.monotonic()
    finally:
        if missing and known:
            save_dataset(path, known, accelerator)  # also after an interrupt
