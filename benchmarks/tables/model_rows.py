"""Rows of the article's tables: what a network costs compiled whole, and how good it is, beside the baseline."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from benchmarks.problem import exact_cost
from benchmarks.statistics.intervals import widened
from benchmarks.tables.models import Models, Network, Quality, Row
from benchmarks.tables.optima import ROUNDING
from hw_model.cost import Cost
from hw_model.network_text import summary
from hw_model.vela.measurements import MeasurementCache


class Model(NamedTuple):
    """A row to be."""

    name: str
    """As the table calls it."""
    article_pct: float
    """What the article's took off its baseline, in per cent; NaN where it does not say."""
    network: Network
    """What was chosen."""
    more: Mapping[str, Any] = MappingProxyType({})
    """Further columns."""


def model_rows(
    models: Models, chosen: Sequence[Model], accelerator: str, cache: MeasurementCache, others: Sequence[str] = ()
) -> list[Row]:
    """The baseline and what was chosen on an accelerator, a row each, compiled whole.

    Each network is shown by the best source that knows of it, and its difference is from the baseline by that.
    others: further metrics, means over the row's own trainings, NaN where it is predicted.  quality_difference: errors
    of both taken as independent.  The baseline's own row has the source of most others, of equally many the weakest.
    """
    base = exact_cost(models.baseline.blocks, accelerator, cache)
    pairs = [models.compared(each.network) for each in chosen]
    sources = Counter(pair[1] for pair in pairs)
    reference = max(sources, key=lambda each: (sources[each], -each.rank))
    of_networks = [(Model("Baseline", math.nan, models.baseline), (reference, reference))]
    of_networks += zip(chosen, pairs, strict=True)
    rows = []
    for each, pair in of_networks:
        cost = exact_cost(each.network.blocks, accelerator, cache)
        quality = quality_columns(*pair, models.photographs)
        quality |= {name: dict(pair[0].others).get(name, math.nan) for name in others}
        rows.append(_row(each, accelerator, cost, base, quality))
    return rows


def keeps(row: Row, tolerance: float) -> Row:
    """Whether a row's quality is no lower than the tolerance below the baseline's, and whether its interval is."""
    least = -tolerance - ROUNDING
    return {
        "keeps_quality": row["quality_difference"] >= least,
        "surely_keeps": row["quality_difference_low"] >= least,
    }


def quality_columns(own: Quality, reference: Quality, photographs: tuple[float, float] = (math.nan, math.nan)) -> Row:
    """What a row says of a network's quality and of its difference from the baseline's, `reference`.

    photographs: as in `Models`, NaN where it is not known.  It widens the interval of the quality alone.
    """
    low, high = widened(own.quality, own.low, own.high, photographs)
    half = 0.0 if own is reference else float(np.hypot(own.half, reference.half))
    difference = own.quality - reference.quality
    return {
        "quality": own.quality,
        "quality_low": low,
        "quality_high": high,
        "seeds": own.seeds,
        "quality_source": own.source,
        "trained_on": own.trained_on,
        "baseline_trained_on": reference.trained_on,
        "baseline_seeds": reference.seeds,
        "recipe": own.recipe,
        "quality_difference": difference,
        "quality_difference_low": difference - half,
        "quality_difference_high": difference + half,
    }


def _row(model: Model, accelerator: str, cost: Cost, base: Cost, quality: Row) -> Row:
    return {
        "model": model.name,
        "article_reduction_pct": model.article_pct,
        "accelerator": accelerator,
        "latency_ms": cost.latency_ms,
        "latency_reduction_pct": 100 * (1 - cost.latency_ms / base.latency_ms),
        **quality,
        "param_bytes": cost.param_bytes,
        "peak_activation_bytes": cost.peak_activation_bytes,
        "macs": cost.macs,
        "energy_mj": cost.energy_mj,
        **model.more,
        "network": summary(model.network.blocks),
    }
