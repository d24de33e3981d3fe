"""The article's table of human-presence detection (section 1), on FashionScenes and Ethos-U.

V1 searches a depth multiplier, V2 which inverted bottlenecks to fuse, V3 both; each seeks the least latency that keeps
the baseline's mAP.  Every space is searched for every accelerator on its own; winners and baseline are then trained
again with seeds that no search has used and judged on test scenes.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import jax

from benchmarks.evaluators.trainings import Training, run_trainings
from benchmarks.evaluators.trial_runner import TrialRunner
from benchmarks.experiments.detection.pruned_search import Genotype, SearchResult, Wanted, constrained_search
from benchmarks.experiments.detection.settings import DetectionSettings, make_strategy
from benchmarks.fidelities import FIRST_FINAL_SEED
from benchmarks.runtime.progress import SearchProgress
from benchmarks.store.records import Trial
from benchmarks.store.sqlite import open_store
from hw_model.blocks import Block
from hw_model.cost import Cost
from hw_model.vela.accelerators import get_accelerator
from hw_model.vela.chain import chain_cost, whole_cost
from hw_model.vela.measurements import MeasurementCache
from tasks.detection.task import DetectionTask
from tasks.spaces.detection import detection_spaces
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
    searches: dict[tuple[str, str], SearchResult]
    spaces: dict[str, SearchSpace]


class SearchFailedError(RuntimeError):
    """The experiment cannot go on; one line says why."""


def run_detection(home: Path, profile_name: str, profile: DetectionSettings) -> DetectionResult:
    """Search, train and judge; finished trials and measurements under `home` are not repeated.

    Raises BenchmarkInputError, TaskInputError or HardwareInputError for what is not allowed, and SearchFailedError when
    the baseline cannot be trained.
    """
    task = DetectionTask(profile.classes)
    spaces = dict(detection_spaces(task.output_channels, task.side_pixels))
    splits = {(f.data, split) for f in (profile.search, profile.final) for split in ("train", f.eval_split)}
    with (
        open_store(home) as store,
        MeasurementCache(home / "measurements.sqlite") as cache,
        TrialRunner(home, task, tuple(sorted(splits)), store) as runner,
    ):
        floor, baseline_quality = _quality_floor(runner, spaces["V1"], profile)
        searches = _run_searches(runner, cache, spaces, profile, baseline_quality, floor)
        entries = _finals(runner, cache, spaces, searches, profile)
    return DetectionResult(profile_name, profile, floor, tuple(entries), searches, spaces)


def _baseline(space: SearchSpace) -> Genotype:
    return (0,) * len(space.decisions)


def _quality_floor(runner: TrialRunner, space: SearchSpace, profile: DetectionSettings) -> tuple[float, float]:
    """The floor and the baseline's mean quality at search fidelity."""
    blocks = space.decode(_baseline(space))
    wanted = [Training("Baseline", blocks, profile.search, seed) for seed in range(profile.search_baseline_seeds)]
    trials = run_trainings(runner, "Baseline", wanted)
    failed = [trial.error for trial in trials if trial.state == "failed"]
    if failed:
        raise SearchFailedError(f"the baseline could not be trained: {failed[0]}")
    mean = sum(trial.quality[QUALITY] for trial in trials) / len(trials)
    return mean - profile.map_tolerance, mean


def _run_searches(
    runner: TrialRunner,
    cache: MeasurementCache,
    spaces: dict[str, SearchSpace],
    profile: DetectionSettings,
    baseline_quality: float,
    floor: float,
) -> dict[tuple[str, str], SearchResult]:
    """All searches side by side, so that no core waits; none sees what another found, only its trainings are shared."""
    running: dict[tuple[str, str], Generator[Wanted, float, SearchResult]] = {}
    for name, space in spaces.items():
        for accelerator_name in profile.accelerators:
            accelerator = get_accelerator(accelerator_name)

            def latency_ms(genotype: Genotype, space: SearchSpace = space, accelerator=accelerator) -> float:
                return chain_cost(space.decode(genotype), accelerator, cache).latency_ms

            # each search draws from a key of its own that does not depend on which others run
            which = zlib.crc32(f"{name} {accelerator_name}".encode())
            running[name, accelerator_name] = constrained_search(
                make_strategy(profile.strategy, space),
                latency_ms,
                _baseline(space),
                baseline_quality,
                floor,
                min(profile.trainings, space.size - 1),
                profile.proposals,
                jax.random.fold_in(jax.random.key(SEARCH_SEED), which),
                profile.confirmations,
            )
    results: dict[tuple[str, str], SearchResult] = {}
    total = sum(min(profile.trainings, spaces[name].size - 1) for name, _ in running)

    def advance(who: tuple[str, str], quality: float | None) -> None:
        try:
            wanted = next(running[who]) if quality is None else running[who].send(quality)
        except StopIteration as finished:
            results[who] = finished.value
        else:
            # the seeds differ from the baseline's, or a lucky initialisation would favour both alike
            seed = profile.search_baseline_seeds + wanted.repeat
            progress.expect(min(wanted.repeat, 1))
            runner.request(who, spaces[who[0]].decode(wanted.genotype), profile.search, seed)

    with SearchProgress("Searches", total=total) as progress:
        runner.show(progress)
        for who in running:
            advance(who, None)
        while completed := runner.next_completed():
            for trial, who in completed:
                assert isinstance(who, tuple)
                advance(who, trial.quality.get(QUALITY, math.nan))
    return {who: results[who] for who in running}


def _finals(
    runner: TrialRunner,
    cache: MeasurementCache,
    spaces: dict[str, SearchSpace],
    searches: dict[tuple[str, str], SearchResult],
    profile: DetectionSettings,
) -> list[Entry]:
    chosen = {("Baseline", name): ("V1", _baseline(spaces["V1"])) for name in profile.accelerators}
    chosen |= {(space, name): (space, result.best) for (space, name), result in searches.items()}
    blocks = {who: spaces[space].decode(genotype) for who, (space, genotype) in chosen.items()}
    names: dict[tuple[Block, ...], str] = {}
    for who, architecture in blocks.items():
        names.setdefault(architecture, " ".join(who))
    seeds = range(FIRST_FINAL_SEED, FIRST_FINAL_SEED + profile.final_seeds)
    wanted = [
        Training(name, architecture, profile.final, seed) for architecture, name in names.items() for seed in seeds
    ]
    trials: dict[tuple[Block, ...], list[Trial]] = {architecture: [] for architecture in names}
    for training, trial in zip(wanted, run_trainings(runner, "Final trainings", wanted), strict=True):
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
