"""Curation without an expert: which channels are worth having follows from a cost model alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hw_model.workload import Workload
from tasks.errors import TaskInputError
from tasks.spaces.layer import Decision
from tasks.spaces.moves import sample
from tasks.spaces.space import SearchSpace

CONTEXTS = 32
ROUNDS = 2
# a step rises by more than this many times the rise from the first choice to the last divided by how many there are
STEP = 2.0
# where the landscape has no steps, neighbouring sizes differ at most by this factor, and at least by its root
GAP = 1.5


def auto_curate(
    space: SearchSpace, latency_ms: Callable[[Workload], Any], decisions: Sequence[str], key: jax.Array
) -> SearchSpace:
    """The space with fewer choices for the named decisions: those at the right-hand edge of each latency step.

    A number of channels is such an edge if every larger one costs more by a step: all that a smaller one at about the
    same latency could do, it can do too.  Where no edge is near, the one with the highest rise after it stays.  Latency
    is that of whole networks, the decision set to each of its choices in turn, averaged over networks drawn from the
    space; the second round draws them from what the first has left, where no other layer's poor choice hides the steps.

    latency_ms: Workload [n, L] to milliseconds [n].
    """
    kept = {name: np.arange(len(_decision(space, name).choices)) for name in decisions}
    for round_key in jax.random.split(key, ROUNDS):
        contexts = np.array(sample(round_key, space.cardinalities, CONTEXTS))
        for name, choices in kept.items():
            column = _position(space, name)
            contexts[:, column] = choices[contexts[:, column] % len(choices)]
        kept = {
            name: _edges(np.array(_decision(space, name).choices), _sweep(space, latency_ms, name, contexts))
            for name in decisions
        }
    fewer = [
        Decision(d.name, tuple(d.choices[i] for i in kept[d.name])) if d.name in kept else d for d in space.decisions
    ]
    return replace(space, name="auto-curated", decisions=tuple(fewer))


def _sweep(space: SearchSpace, latency_ms: Callable[[Workload], Any], name: str, contexts: np.ndarray) -> np.ndarray:
    """Mean latency for each choice of a decision, relative to the mean over all choices; float[choices]."""
    choices = len(_decision(space, name).choices)
    genotypes = np.repeat(contexts[None], choices, axis=0)
    genotypes[:, :, _position(space, name)] = np.arange(choices)[:, None]
    flat = genotypes.reshape(-1, genotypes.shape[-1])
    # lowered in NumPy, since under JAX each decision's number of choices would be compiled for operation by operation
    workload = jax.tree.map(jnp.asarray, space.lower(flat))
    found = np.asarray(latency_ms(workload)).reshape(choices, len(contexts))
    if not np.isfinite(found).all():
        raise TaskInputError(
            f"auto-curated: the cost model does not know all networks of {space.name}; allowed: one that does, or "
            "another space"
        )
    return (found / found.mean(0)).mean(1)


def _edges(sizes: np.ndarray, latency: np.ndarray) -> np.ndarray:
    """Positions of the rising sizes to keep; the last is always one."""
    rise = np.append(np.minimum.accumulate(latency[::-1])[::-1][1:], np.inf) - latency
    kept = set(np.flatnonzero(rise > STEP * (latency[-1] - latency[0]) / len(latency)).tolist()) | {len(sizes) - 1}
    at = len(sizes) - 1
    while sizes[at] > sizes[0]:
        near = np.flatnonzero((sizes >= sizes[at] / GAP) & (sizes <= sizes[at] / GAP**0.5))
        below = [position for position in kept if position < at]
        if len(near) and (not below or sizes[max(below)] < sizes[at] / GAP):
            kept.add(int(near[np.argmax(rise[near])]))
        elif not below:
            break
        at = max(position for position in kept if position < at)
    return np.array(sorted(kept))


def _decision(space: SearchSpace, name: str) -> Decision:
    return space.decisions[_position(space, name)]


def _position(space: SearchSpace, name: str) -> int:
    return [decision.name for decision in space.decisions].index(name)
