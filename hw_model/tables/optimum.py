"""Exact optima of a tabulated space, by dynamic programming along the chain.

A label is a partial network that ends in some option: its latency and its parameter bytes.  Of the labels that end in
the same option those that are no better in either are dropped, for whatever follows costs both the same.  What is left
at the end is the exact front of latency against size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hw_model.errors import HardwareInputError
from hw_model.tables.lookup import CostTables


class Front(NamedTuple):
    """The networks that no other beats in both."""

    latency_ms: np.ndarray
    """Milliseconds [n], rising."""
    param_bytes: np.ndarray
    """[n], falling."""
    genotypes: np.ndarray
    """[n, P]."""


def latency_size_front(tables: CostTables, most_param_bytes: float = np.inf, most_peak_bytes: float = np.inf) -> Front:
    """The exact front of latency against parameter bytes among the networks that keep both limits.

    Raises HardwareInputError when no network does.
    """
    steps = np.asarray(tables.latency_ms, float)
    # the peak is a maximum over pairs, so a pair above the limit can simply not be taken
    steps = np.where(np.asarray(tables.peak_bytes) <= most_peak_bytes, steps, np.inf)
    sizes = np.asarray(tables.param_bytes, float)
    places, options = sizes.shape
    labels = [_Labels(np.zeros(1), sizes[0, k : k + 1], np.array([[k]])) for k in range(options)]
    for place in range(1, places):
        labels = [
            _pruned(_extended(labels, steps[place - 1, :, k], sizes[place, k], k), most_param_bytes)
            for k in range(options)
        ]
    ends = _pruned(_Labels(*(np.concatenate(parts) for parts in zip(*labels, strict=True))), most_param_bytes)
    if not len(ends.latency):
        limits = f"{most_param_bytes:g} parameter bytes and {most_peak_bytes:g} bytes of peak activations"
        raise HardwareInputError(f"no network of the space has at most {limits}")
    return Front(*ends)


def least_latency(
    tables: CostTables, most_param_bytes: float = np.inf, most_peak_bytes: float = np.inf
) -> tuple[float, np.ndarray]:
    """The least latency in ms under the limits, and the options [P] that reach it; raises as latency_size_front."""
    front = latency_size_front(tables, most_param_bytes, most_peak_bytes)
    return float(front.latency_ms[0]), front.genotypes[0]


class _Labels(NamedTuple):
    latency: np.ndarray
    size: np.ndarray
    path: np.ndarray


def _extended(labels: list[_Labels], step: np.ndarray, size: float, option: int) -> _Labels:
    """Every label taken one step on, to `option`."""
    latency = np.concatenate([label.latency + step[k] for k, label in enumerate(labels)])
    sizes = np.concatenate([label.size for label in labels]) + size
    path = np.concatenate([label.path for label in labels])
    return _Labels(latency, sizes, np.column_stack([path, np.full(len(path), option)]))


def _pruned(labels: _Labels, most_size: float) -> _Labels:
    """The labels that no other beats, by rising latency, those that cannot be reached or are too large left out."""
    kept = np.flatnonzero(np.isfinite(labels.latency) & (labels.size <= most_size))
    order = kept[np.lexsort((labels.size[kept], labels.latency[kept]))]
    best_before = np.minimum.accumulate(np.concatenate([[np.inf], labels.size[order]]))[:-1]
    front = order[labels.size[order] < best_before]
    return _Labels(labels.latency[front], labels.size[front], labels.path[front])
