"""The article's table of human-presence detection (section 1), on FashionScenes and Ethos-U.

V1 searches a width multiplier, V2 which inverted bottlenecks to fuse, V3 both; each seeks the least latency that keeps
the baseline's mAP.  Every space is searched for every accelerator on its own; winners and baseline are then trained
again with seeds that no search has used and judged on test scenes.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks.errors import NoResultError
from benchmarks.evaluators.trained import TrainedEvaluator, TrainingPool
from benchmarks.evaluators.trainings import Training, run_trainings
from benchmarks.experiments.detection.settings import DetectionSettings
from benchmarks.fidelities import FIRST_FINAL_SEED
from benchmarks.runtime.progress import SearchProgress
from benchmarks.store.records import Trial
from benchmarks.store.sqlite import open_store
from hw_model.blocks import Block
from hw_model.cost import Cost
from hw_model.vela.accelerators import get_accelerator
from hw_model.vela.chain import chain_cost, whole_cost
from hw_model.vela.measurements import MeasurementCache
from nas_algos.evaluator import Genotype
from nas_algos.load import build_strategy
from nas_algos.loop import Found, Search, side_by_side
from nas_algos.objectives import least_cost
from nas_algos.policies import Policy
from tasks.detection.task import DetectionTask
from tasks.spaces.registry import ARTICLE_SPACES, article_space
from tasks.spaces.space import SearchSpace

QUALITY = "map"  # mAP@[.5:.95]
SEARCH_SEED = 0
ARTICLE_REDUCTION_PCT = {"Baseline": math.nan, "V1": 14.0, "V2": 35.0, "V3": 53.0}


@dataclass(frozen=True)
class Entry:
    """A model of the table on one accelerator: what was found, what it costs compiled whole, how good it is."""

    model: str
    accelerator: str
    genotype: Genotype
    blocks: tuple[Block, ...]
    cost: Cost
    accumulated_latency_ms: float
    trials: tuple[Trial, ...]


@dataclass(frozen=True)
class DetectionResult:
    """Everything that tables and plots are made from.

    floor: the mAP, at search fidelity, below which a candidate was refused.
    """

    profile_name: str
    profile: DetectionSettings
    floor: float
    entries: tuple[Entry, ...]
    searches: dict[tuple[str, str], Found]
    spaces: dict[str, SearchSpace]


def run_detection(home: Path, profile_name: str, profile: DetectionSettings) -> DetectionResult:
    """Search, train and judge; finished trials and measurements under `home` are not repeated.

    Raises BenchmarkInputError, TaskInputError or HardwareInputError for what is not allowed, and NoResultError when
    the baseline cannot be trained.
    """
    task = DetectionTask(profile.classes)
    spaces = {name: article_space(task, name) for name in ARTICLE_SPACES["detection"]}
    with (
        open_store(home) as store,
        MeasurementCache(home / "measurements.sqlite") as cache,
        TrainingPool(home, task, (profile.search, profile.final), store) as pool,
    ):
        floor, baseline_quality = _quality_floor(pool, spaces["V1"], profile)
        searches = _run_searches(pool, cache, spaces, profile, baseline_quality, floor)
        entries = _finals(pool, cache, spaces, searches, profile)
    return DetectionResult(profile_name, profile, floor, tuple(entries), searches, spaces)


def _baseline(space: SearchSpace) -> Genotype:
    return (0,) * len(space.decisions)


def _best(space: SearchSpace, found: Found) -> Genotype:
    """The fastest feasible one; the baseline where none was faster."""
    return _baseline(space) if found.best is None else found.best.genotype


def _quality_floor(pool: TrainingPool, space: SearchSpace, profile: DetectionSettings) -> tuple[float, float]:
    """The floor and the baseline's mean quality at search fidelity."""
    blocks = space.decode(_baseline(space))
    wanted = [Training("Baseline", blocks, profile.search, seed) for seed in range(profile.search_baseline_seeds)]
    trials = run_trainings(pool, "Baseline", wanted)
    failed = [trial.error for trial in trials if trial.state == "failed"]
    if failed:
        raise NoResultError(f"the baseline could not be trained: {failed[0]}")
    mean = sum(trial.quality[QUALITY] for trial in trials) / len(trials)
    return mean - profile.map_tolerance, mean


def _run_searches(
    pool: TrainingPool,
    cache: MeasurementCache,
    spaces: dict[str, SearchSpace],
    profile: DetectionSettings,
    baseline_quality: float,
    floor: float,
) -> dict[tuple[str, str], Found]:
    """All searches side by side, so that no core waits; none sees what another found, only its trainings are shared."""
    # what reached the floor once is trained again, as the first training alone is a draw that luck has helped
    policy = Policy(assumed_quality=floor, confirmations=profile.confirmations, proposals=profile.proposals)
    searches: dict[tuple[str, str], Search] = {}
    for name, space in spaces.items():
        for accelerator in profile.accelerators:

            def cost(genotypes: Any, space: SearchSpace = space, accelerator: str = accelerator) -> Mapping[str, Any]:
                chains = [space.decode(tuple(row)) for row in np.asarray(genotypes).tolist()]
                return {"latency_ms": [chain_cost(e, get_accelerator(accelerator), cache).latency_ms for e in chains]}

            baseline, trainings = _baseline(space), min(profile.trainings, space.size - 1)
            # each search draws from a key of its own that does not depend on which others run
            which = zlib.crc32(f"{name} {accelerator}".encode())
            searches[name, accelerator] = Search(
                build_strategy(profile.strategy, space.cardinalities, trainings, 1, profile.strategy_settings),
                TrainedEvaluator(pool, space, cost, profile.search, f"{name} {accelerator}"),
                least_cost("latency_ms", floor, cost([baseline])["latency_ms"][0]),
                trainings,
                jax.random.fold_in(jax.random.key(SEARCH_SEED), which),
                policy,
                # seeds that differ from the baseline's, or a lucky initialisation would favour both alike
                seed=profile.search_baseline_seeds,
                start={baseline: baseline_quality},
            )
    with SearchProgress("Searches", total=sum(search.budget for search in searches.values())) as progress:
        pool.show(progress)
        return side_by_side(searches)


def _finals(
    pool: TrainingPool,
    cache: MeasurementCache,
    spaces: dict[str, SearchSpace],
    searches: dict[tuple[str, str], Found],
    profile: DetectionSettings,
) -> list[Entry]:
    chosen = {("Baseline", name): ("V1", _baseline(spaces["V1"])) for name in profile.accelerators}
    chosen |= {(space, name): (space, _best(spaces[space], result)) for (space, name), result in searches.items()}
    blocks = {who: spaces[space].decode(genotype) for who, (space, genotype) in chosen.items()}
    names: dict[tuple[Block, ...], str] = {}
    for who, architecture in blocks.items():
        names.setdefault(architecture, " ".join(who))
    seeds = range(FIRST_FINAL_SEED, FIRST_FINAL_SEED + profile.final_seeds)
    wanted = [
        Training(name, architecture, profile.final, seed) for architecture, name in names.items() for seed in seeds
    ]
    trials: dict[tuple[Block, ...], list[Trial]] = {architecture: [] for architecture in names}
    for training, trial in zip(wanted, run_trainings(pool, "Final trainings", wanted), strict=True):
        trials[training.blocks].append(trial)
    entries = []
    for (model, name), architecture in blocks.items():
        accelerator = get_accelerator(name)
        entries.append(
            Entry(
                model,
                name,
                chosen[model, name][1],
                architecture,
                whole_cost(architecture, accelerator, cache),
                chain_cost(architecture, accelerator, cache).latency_ms,
                tuple(trials[architecture]),
            )
        )
    return sorted(entries, key=lambda entry: (entry.model, profile.accelerators.index(entry.accelerator)))
