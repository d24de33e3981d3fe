"""Any cost model tabulated over a discrete space, then looked up: millions of networks a second.

A space is a chain of places; at each place stands one of several options, a segment of one or more blocks (a layer,
or a whole stage with its depth).  The cost model is asked once for every segment and every pair of neighbours;
networks are accumulated: pairs of neighbours minus inner blocks.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from hw_model.blocks import Block, check_chain
from hw_model.cost import Cost, Estimate, count_macs, count_param_bytes
from hw_model.errors import HardwareInputError
from hw_model.workload import Workload, workload_from_chains

Segment = tuple[Block, ...]
CostFunction = Callable[[Sequence[Segment]], Cost]
"""Chains to their costs, the fields arrays of the shape [len(chains)]."""

_BATCH = 1024


class CostTables(NamedTuple):
    """A space's costs; places P, most options K of any place.  A pytree."""

    latency_ms: Array
    """[P-1, K, K], what the step from an option of place i to one of place i+1 adds; the first step also carries the
    first place.  Infinite where the segments don't fit, there is no such option, or the cost function says so."""
    energy_mj: Array
    """[P-1, K, K], likewise."""
    off_chip_bytes: Array
    """[P-1, K, K], likewise."""
    peak_bytes: Array
    """[P-1, K, K], peak activations of the pair."""
    param_bytes: Array
    """[P, K]."""
    macs: Array
    """[P, K]."""


def tabulate(places: Sequence[Sequence[Segment]], cost_function: CostFunction) -> CostTables:
    """Ask the cost function for every segment and every fitting pair of neighbours.

    Raises HardwareInputError when there are fewer than two places, a place has no options, or no network exists.
    """
    if len(places) < 2 or any(not options for options in places):
        raise HardwareInputError(
            f"{[len(options) for options in places]} options; allowed: 2 places and more, none empty"
        )
    for options in places:
        for segment in options:
            check_chain(segment)
    fitting = [
        [(i, j) for i, before in enumerate(places[p]) for j, after in enumerate(places[p + 1]) if _fits(before, after)]
        for p in range(len(places) - 1)
    ]
    if not all(fitting):
        raise HardwareInputError(f"no option of place {fitting.index([])} fits any of the next place")
    inner = [segment for options in places[1:-1] for segment in options]
    pairs = [places[p][i] + places[p + 1][j] for p, steps in enumerate(fitting) for i, j in steps]
    wanted = list(dict.fromkeys(inner + pairs))
    costs = cost_function(wanted)
    row = {segment: index for index, segment in enumerate(wanted)}
    shape = (len(places) - 1, max(map(len, places)), max(map(len, places)))
    added = {name: np.full(shape, np.inf) for name in ("latency_ms", "energy_mj", "off_chip_bytes")}
    peak = np.full(shape, np.inf)
    for p, steps in enumerate(fitting):
        for i, j in steps:
            pair = row[places[p][i] + places[p + 1][j]]
            taken = row.get(places[p][i]) if p > 0 else None
            for name, table in added.items():
                values = getattr(costs, name)
                if not np.isinf(values[pair]):  # else inf, also where an inner block alone is
                    table[p, i, j] = values[pair] - (values[taken] if taken is not None else 0)
            peak[p, i, j] = costs.peak_activation_bytes[pair]
    param_bytes, macs = np.zeros((len(places), shape[1])), np.zeros((len(places), shape[1]))
    for p, options in enumerate(places):
        param_bytes[p, : len(options)] = [count_param_bytes(segment) for segment in options]
        macs[p, : len(options)] = [count_macs(segment) for segment in options]
    tables = (*added.values(), peak, param_bytes, macs)
    return CostTables(*(jnp.asarray(table, jnp.float32) for table in tables))


def table_cost(tables: CostTables, genotypes: Array) -> Cost:
    """Costs of networks given as options of each place, [..., P] of integers; pure, so jit and vmap apply."""
    return Cost(
        latency_ms=_add_steps(tables.latency_ms, genotypes),
        peak_activation_bytes=functools.reduce(jnp.maximum, _steps(tables.peak_bytes, genotypes)),
        param_bytes=_add_places(tables.param_bytes, genotypes),
        macs=_add_places(tables.macs, genotypes),
        energy_mj=_add_steps(tables.energy_mj, genotypes),
        off_chip_bytes=_add_steps(tables.off_chip_bytes, genotypes),
    )


def table_latency_ms(tables: CostTables, genotypes: Array) -> Array:
    """Latency alone of networks [..., P], for when nothing else is asked."""
    return _add_steps(tables.latency_ms, genotypes)


def _add_steps(table: Array, genotypes: Array) -> Array:
    return functools.reduce(jnp.add, _steps(table, genotypes))


def _steps(table: Array, genotypes: Array) -> list[Array]:
    """Each step's entry [...]; place by place on flat tables, which is several times as fast as one gather."""
    options = table.shape[-1]
    columns = [genotypes[..., place].astype(jnp.int32) for place in range(genotypes.shape[-1])]
    pairs = enumerate(itertools.pairwise(columns))
    return [table[step].reshape(-1)[before * options + after] for step, (before, after) in pairs]


def _add_places(table: Array, genotypes: Array) -> Array:
    return functools.reduce(jnp.add, [table[p][genotypes[..., p]] for p in range(genotypes.shape[-1])])


def from_model(estimate: Callable[[Workload], Estimate], length: int) -> CostFunction:
    """A cost function of a model of workloads, such as an estimator's or an NPU's; batched to `length` blocks."""
    jitted = jax.jit(estimate)

    def costs(chains: Sequence[Segment]) -> Cost:
        found = []
        for start in range(0, len(chains), _BATCH):
            batch = list(chains[start : start + _BATCH])
            padded = batch + [batch[0]] * (_BATCH - len(batch))  # one shape, so one compilation
            cost = jitted(workload_from_chains(padded, length)).cost
            found.append([np.asarray(value)[: len(batch)] for value in cost])
        return Cost(*(np.concatenate(values) for values in zip(*found, strict=True)))

    return costs


def _fits(before: Segment, after: Segment) -> bool:
    last, first = before[-1], after[0]
    return (last.out_height, last.out_width, last.out_channels) == (first.height, first.width, first.in_channels)
