"""Scores of many networks, a chunk at a time, each kept as soon as it is known: a run may stop at any moment."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from benchmarks.evaluators.zero_shot import CHUNK, SCORES_CODE_VERSION, Scorer, make_scorer
from benchmarks.store.sqlite import ResultStore
from tasks.spaces.space import SearchSpace
from tasks.task import Task
from tasks.training import TRAINING_CODE_VERSION

KIND = "zero_cost_score"


class Scored(NamedTuple):
    """A score of n networks."""

    values: np.ndarray
    """float64 [n], NaN where a network has none."""
    cpu_s: float
    """CPU seconds of one network, chunks that were filled up counted whole, compilation apart; of scores that are
    measured together an equal share each."""


class Scoring(NamedTuple):
    """What all scores share."""

    task: Task
    space: SearchSpace
    arrays: Mapping[str, np.ndarray]
    """`task.arrays` of training examples."""
    data: str
    """The data set's configuration."""
    batch: int
    """Training examples that scores look at."""


def score_networks(
    store: ResultStore,
    scoring: Scoring,
    names: tuple[str, ...],
    genotypes: np.ndarray,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Scored]:
    """Measured scores of genotypes [n, D] by one function; CHUNK of them at a time; what the store has stays.

    The supernet is compiled where a network is missing, once.
    """
    keys = [{name: score_key(scoring, name, genotype) for name in names} for genotype in genotypes]
    missing = [place for place, own in enumerate(keys) if any(store.result(KIND, key) is None for key in own.values())]
    scorer: list[Scorer] = []
    for start in range(0, len(missing), CHUNK):
        progress(len(genotypes) - len(missing) + start)
        places = missing[start : start + CHUNK]
        if not scorer:
            arrays, key = scoring.arrays, jax.random.key(0)
            scorer.append(make_scorer(scoring.task, scoring.space, names, key, arrays, scoring.batch, CHUNK))
            scorer[0](genotypes[places[:1]])  # the first call is slower
        started = time.process_time()
        found = scorer[0](genotypes[places])
        cpu_s = (time.process_time() - started) / CHUNK / len(names)
        for name in names:
            for place, value in zip(places, found[name].tolist(), strict=True):
                row = {"value": value, "cpu_s": cpu_s}
                store.cached(KIND, keys[place][name], lambda row=row: row)
    return {name: _read(store, [own[name] for own in keys]) for name in names}


def score_key(scoring: Scoring, name: str, genotype: np.ndarray) -> dict[str, Any]:
    """All that a network's score depends on."""
    return {
        "task": scoring.task,
        "data_version": scoring.task.data_version(scoring.data),
        "space": scoring.space,
        "genotype": genotype,
        "score": name,
        "batch": scoring.batch,
        "code_version": f"{SCORES_CODE_VERSION}, training {TRAINING_CODE_VERSION}",
    }


def _read(store: ResultStore, keys: list[dict[str, Any]]) -> Scored:
    found = [json.loads(result.value) for key in keys if (result := store.result(KIND, key)) is not None]
    values = np.array([each["value"] for each in found], np.float64)
    return Scored(values, float(np.median([each["cpu_s"] for each in found])))
