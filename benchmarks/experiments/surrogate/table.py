"""Cross-validation of a surrogate and of what it must beat, a row for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import stats
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.experiments.surrogate.settings import FOLDS, GROUPED_BY, Settings
from benchmarks.statistics.rank_correlation import tau_b
from benchmarks.tables.fit import fit, less_noise, seed_noise
from benchmarks.tables.surrogate import predict
from benchmarks.tables.trained import Trained

NEIGHBOURS = 5
LEVELS = (50, 80, 95)
DRAWS = 200
# at most so many networks are the best tenth for the figure of that name to be one
LEAST_IN_TENTH = 10


class HeldOut(NamedTuple):
    """What a model says of trainings that it did not see, [n]; std NaN where it does not say."""

    quality: np.ndarray
    std: np.ndarray


Model = Callable[[Trained, np.ndarray, np.ndarray], HeldOut]
"""Fitted to these rows, it predicts those."""


def _surrogate(data: Trained, known: np.ndarray, asked: np.ndarray) -> HeldOut:
    found = predict(fit(data.take(known)), data.features[asked])
    spread = np.hypot(np.asarray(found.std), np.nan_to_num(np.asarray(found.seed_std)))
    return HeldOut(np.asarray(found.quality, np.float64), spread)


def _neighbours(data: Trained, known: np.ndarray, asked: np.ndarray) -> HeldOut:
    model = make_pipeline(StandardScaler(), KNeighborsRegressor(NEIGHBOURS, weights="distance"))
    quality = model.fit(data.features[known], data.quality[known]).predict(data.features[asked])
    return HeldOut(quality, np.full(len(asked), np.nan))


def _count(name: str) -> Model:
    def model(data: Trained, known: np.ndarray, asked: np.ndarray) -> HeldOut:
        """A line through the logarithm, so that errors have a unit."""
        log = np.log(getattr(data, name))
        slope, level = np.polyfit(log[known], data.quality[known], 1)
        return HeldOut(slope * log[asked] + level, np.full(len(asked), np.nan))

    return model


MODELS: dict[str, Model] = {
    "surrogate": _surrogate,
    "nearest_neighbours": _neighbours,
    "macs": _count("macs"),
    "params": _count("params"),
}


def surrogate_rows(task: str, data: Trained, settings: Settings) -> Iterator[dict[str, Any]]:
    """A row for each grouping, model and number of networks; only the surrogate is fitted to fewer than all."""
    networks = len(np.unique(data.architecture))
    ceiling = noise_ceiling(data)
    sizes = [size for size in settings.sizes if size < networks * (FOLDS - 1) // FOLDS]
    for grouped_by in GROUPED_BY:
        for name, model in MODELS.items():
            for size in [*sizes, networks] if name == "surrogate" else [networks]:
                found = [_evaluated(model, data, grouped_by, size, repeat) for repeat in range(settings.repeats)]
                means = {column: float(np.mean([each[column] for each in found])) for column in found[0]}
                yield {
                    "task": task,
                    "model": name,
                    "grouped_by": grouped_by,
                    "n": size,
                    "trainings": len(data.quality),
                    **means,
                    "noise_ceiling_tau": ceiling,
                }


def _evaluated(model: Model, data: Trained, grouped_by: str, size: int, repeat: int) -> dict[str, float]:
    """Figures of one division into folds, each fold predicted from `size` networks of the others."""
    rng = np.random.default_rng(repeat)
    groups = getattr(data, grouped_by)
    names, place = np.unique(groups, return_inverse=True)
    fold = (rng.permutation(len(names)) % FOLDS)[place]
    quality, std = np.zeros(len(groups)), np.zeros(len(groups))
    for number in range(FOLDS):
        asked, others = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        there = np.unique(data.architecture[others])
        chosen = rng.permutation(there)[: min(size, len(there))]
        known = others[np.isin(data.architecture[others], chosen)]
        quality[asked], std[asked] = model(data, known, asked)
    return figures(data, HeldOut(quality, std))


def figures(data: Trained, held_out: HeldOut) -> dict[str, float]:
    """How well networks are ranked and their qualities met; coverage of single trainings by intervals.

    Of a seed that trained a network both alone and at once, the former: the ceiling of tau counts it once, too.
    """
    own = data.rows_of_one_a_seed()
    data, held_out = data.take(own), HeldOut(held_out.quality[own], held_out.std[own])
    count = np.bincount(data.architecture)
    truth = np.bincount(data.architecture, data.quality) / count
    said = np.bincount(data.architecture, held_out.quality) / count
    best = np.argsort(-truth)[: max(LEAST_IN_TENTH, len(truth) // 10)]
    error = np.abs(data.quality - held_out.quality)
    inside = {level: error <= stats.norm.ppf(0.5 + level / 200) * held_out.std for level in LEVELS}
    known = np.isfinite(held_out.std).all()
    return {
        "kendall_tau": tau_b(said, truth),
        "r2": float(1 - np.mean((said - truth) ** 2) / np.var(truth)),
        "mae": float(np.mean(np.abs(said - truth))),
        **{f"coverage_{level}": float(inside[level].mean()) if known else np.nan for level in LEVELS},
        "tau_best_tenth": tau_b(said[best], truth[best]),
    }


def noise_ceiling(data: Trained) -> float:
    """Tau that a perfect prediction of the expected quality has with what was trained, most with one seed.

    Expected qualities are taken to be spread as the trained ones are, less the noise between seeds.
    """
    line = seed_noise(data)
    if not np.isfinite(line).all():
        return float("nan")
    data = data.one_a_seed()
    count = np.bincount(data.architecture)
    mean = np.bincount(data.architecture, data.quality) / count
    noise = np.exp(line[0] + line[1] * mean) / np.sqrt(count)
    truth = less_noise(mean, noise)
    draws = np.random.default_rng(0).normal(truth, noise, (DRAWS, len(truth)))
    return float(np.mean([tau_b(truth, draw) for draw in draws]))
