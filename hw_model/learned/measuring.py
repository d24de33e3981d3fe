"""Measuring sampled networks on an accelerator, into a data set that grows and that an interrupt leaves whole."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from rich.progress import track

from hw_model.blocks import Block
from hw_model.cost import count_macs
from hw_model.files import folder_locked
from hw_model.learned.dataset import MeasuredChain, load_dataset, save_dataset
from hw_model.learned.device import THIS_DEVICE, Device, current_device, time_blocks, unsteadiness
from hw_model.learned.estimator import estimate
from hw_model.learned.fitting import FitSettings, fit, save_estimator
from hw_model.learned.samples import NETWORK_SETS, sample_general_networks, sample_networks
from hw_model.operators import OperatorReport
from hw_model.vela.accelerators import ETHOS_U, EthosU, Target, get_accelerator
from hw_model.vela.compiler import compile_operators
from hw_model.workload import workload_from_chains

TRAIN_SEED, TEST_SEED, REFINE_SEED = 1, 2, 3
REFINED = "train-refined"
"""Set of the networks that an estimator was least sure of."""
_SAVE_SECONDS = 10.0

Labelled = list[tuple[str, tuple[Block, ...]]]


def target_names() -> tuple[str, ...]:
    """What can be measured: the device that JAX computes on, and every Ethos-U."""
    return THIS_DEVICE, *ETHOS_U


def get_target(name: str) -> Target:
    """The accelerator of one of those names.  Raises HardwareInputError for another."""
    return current_device() if name == THIS_DEVICE else get_accelerator(name)


def wanted_sets(budget: int, general: int, test: int) -> Labelled:
    """The networks that `measure_sets` measures, those apart that it refines by."""
    wanted = _labelled("train", TRAIN_SEED, budget) + _labelled("test", TEST_SEED, test)
    return wanted + [("train-general", network) for network in sample_general_networks(TRAIN_SEED, general)]


class Outlook(NamedTuple):
    """What measuring on the machine at hand will be like."""

    missing: int
    """Networks to time that the data set lacks."""
    minutes: float
    """About how long they take, by one of the smaller and one of the larger ones; 0 where none is missing."""
    unsteadiness: float
    """As hw_model.learned.device.unsteadiness has it."""


def outlook(
    path: Path, device: Device, budget: int, general: int, test: int, refine: int, parts: Path | None = None
) -> Outlook:
    """Look before timing: what is missing, how long it takes, and whether times can be trusted.

    parts: data set of the parts, where they are to be timed too.  Raises HardwareInputError where a data set cannot be
    added to.
    """
    known = _known(path, device)
    missing = _missing(known, wanted_sets(budget, general, test))
    left = max(0, refine - sum(chain.set == REFINED for chain in known))
    missing += _labelled("candidate", REFINE_SEED, left)  # in place of those that a fit will choose among such
    if parts:
        missing += _missing(_known(parts, device), _parts(_labelled("test", TEST_SEED, test)))
    if not missing:
        return Outlook(0, 0.0, unsteadiness())
    by_size = sorted((blocks for _, blocks in missing), key=count_macs)
    seconds = []
    for blocks in (by_size[len(by_size) // 4], by_size[3 * len(by_size) // 4]):
        start = time.monotonic()
        time_blocks(blocks)
        seconds.append(time.monotonic() - start)
    return Outlook(len(missing), sum(seconds) / 2 * len(missing) / 60, unsteadiness())


def measure_sets(path: Path, accelerator: Target, budget: int, general: int, test: int, refine: int) -> None:
    """Add to the data set of `path` what it lacks of so many networks.

    budget: to learn from, in equal parts of NETWORK_SETS.  general: to learn from, of all shapes.  test: to evaluate
    by, from another seed.  refine: to learn from, those of ten times as many that an estimator fitted to the others is
    least sure of.
    """
    measure_networks(path, wanted_sets(budget, general, test), accelerator)
    if refine:
        # chosen by those alone that were not chosen so, which measuring again therefore does too
        first = [chain for chain in _learned(path, accelerator) if chain.set != REFINED]
        measure_networks(path, _least_sure(first, refine, accelerator), accelerator)


def measure_parts(path: Path, accelerator: Target, test: int) -> None:
    """Add to the data set of `path` the blocks and adjacent pairs of the networks to evaluate by."""
    measure_networks(path, _parts(_labelled("test", TEST_SEED, test)), accelerator)


def fit_to(path: Path, accelerator: Target, estimator: Path) -> int:
    """Fit an estimator to the networks of a data set that it may learn from, and write it to the path `estimator`; how
    many of them its standard deviations are set on."""
    learned = _learned(path, accelerator)
    save_estimator(estimator, fit(learned, accelerator), accelerator)
    return FitSettings().calibrating(len(learned))


def _learned(path: Path, accelerator: Target) -> list[MeasuredChain]:
    return [chain for chain in load_dataset(path, accelerator) if chain.set.startswith("train-")]


def _report(blocks: tuple[Block, ...], accelerator: Target) -> OperatorReport:
    return compile_operators(blocks, accelerator)[1] if isinstance(accelerator, EthosU) else time_blocks(blocks)


def _least_sure(learned: list[MeasuredChain], count: int, accelerator: Target) -> Labelled:
    """The networks whose latency an ensemble fitted to those learned from disagrees about most."""
    estimator = fit(learned, accelerator)
    drawn = [blocks for _, blocks in _labelled("candidate", REFINE_SEED, 10 * count)]
    found = jax.jit(estimate)(estimator, workload_from_chains(drawn))
    doubt = np.asarray(found.latency_std_ms / found.cost.latency_ms)
    return [(REFINED, drawn[index]) for index in np.argsort(-doubt)[:count]]


def _labelled(label: str, seed: int, count: int) -> Labelled:
    per_set = [count // len(NETWORK_SETS) + (index < count % len(NETWORK_SETS)) for index in range(len(NETWORK_SETS))]
    return [
        (f"{label}-{network_set.name}", network)
        for network_set, size in zip(NETWORK_SETS, per_set, strict=True)
        for network in sample_networks(seed, size, network_set)
    ]


def _parts(networks: Labelled) -> Labelled:
    singles: set[tuple[Block, ...]] = {(block,) for _, network in networks for block in network}
    pairs: set[tuple[Block, ...]] = {pair for _, network in networks for pair in itertools.pairwise(network)}
    return [("single", part) for part in sorted(singles, key=str)] + [("pair", part) for part in sorted(pairs, key=str)]


def _known(path: Path, accelerator: Target) -> list[MeasuredChain]:
    return load_dataset(path, accelerator) if path.exists() else []


def _missing(known: list[MeasuredChain], wanted: Labelled) -> Labelled:
    measured = {chain.blocks for chain in known}
    return [(label, blocks) for label, blocks in dict.fromkeys(wanted) if blocks not in measured]


def measure_networks(path: Path, wanted: Labelled, accelerator: Target) -> None:
    """Add to the data set of `path` the networks that it lacks, (set, network) each; several processes may do so."""
    missing, found = _missing(_known(path, accelerator), wanted), list[MeasuredChain]()
    last_save = time.monotonic()
    try:
        for label, blocks in track(missing, description=accelerator.name, disable=not missing):
            found.append(MeasuredChain(label, blocks, _report(blocks, accelerator)))
            if time.monotonic() - last_save > _SAVE_SECONDS:
                _add(path, found, accelerator)
                last_save = time.monotonic()
    finally:
        if found:
            _add(path, found, accelerator)  # also after an interrupt


def _add(path: Path, found: list[MeasuredChain], accelerator: Target) -> None:
    """Write what the data set lacks of these behind what it has by now, which others may have added to."""
    with folder_locked(path.parent):
        known = _known(path, accelerator)
        there = {(chain.set, chain.blocks) for chain in known}
        save_dataset(path, [*known, *(chain for chain in found if (chain.set, chain.blocks) not in there)], accelerator)


def to_learn_from(path: Path, accelerator: Target) -> int:
    """How many networks of a data set an estimator may learn from; 0 where there is none."""
    return len(_learned(path, accelerator)) if path.exists() else 0
