"""Cohorts: networks of the same kinds of block, trained at once on an accelerator with room for more than one.

They may differ in channels, expansions and kernels, and in which places of the chain have a block; each has weights,
batches and gates of its own (`tasks.cohort_training`).  Each ends where `tasks.training.train` ends with the same key,
up to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np

from hw_model.blocks import Block
from hw_model.kinds import KINDS
from hw_model.workload import Workload, workload_from_chains
from tasks.errors import TaskInputError
from tasks.fidelity import Fidelity
from tasks.networks.gates import Gates, make_gates
from tasks.spaces.slots import Slot
from tasks.spaces.space import SearchSpace
from tasks.task import Task

# what the blocks that stand at one place of a cohort's networks share
SHARED = ("kind", "height", "width", "stride", "activation")


@dataclass(frozen=True, eq=False)
class Cohort:
    """C networks that are trained together."""

    task: Task
    """What is learned."""
    fidelity: Fidelity
    """How, the same for all."""
    chains: tuple[tuple[Block | None, ...], ...]
    """The networks, place by place; None where one has no block."""
    keys: tuple[jax.Array, ...]
    """One for each network, as `tasks.training.train` takes it."""
    rates: np.ndarray
    """float32 [C]: each network's learning rate relative to the fidelity's."""

    def __post_init__(self):
        if len({len(chain) for chain in self.chains}) != 1 or None in (chain[0] for chain in self.chains):
            raise TaskInputError("networks of a cohort have as many places each, and a block at the first")
        for place, blocks in enumerate(self._by_place):
            patterns = [[getattr(block, name) for name in SHARED] for block in blocks if block is not None]
            strange = [number for number, pattern in enumerate(patterns) if pattern != patterns[0]]
            if strange or not patterns:
                raise TaskInputError(
                    f"place {place} of a cohort holds {len(strange) + 1 if patterns else 0} kinds or sizes of block; "
                    "allowed: one, with channels, expansions and kernels of any size"
                )
        if not len(self.chains) == len(self.keys) == len(self.rates):
            raise TaskInputError(
                f"a cohort of {len(self.chains)} networks has {len(self.keys)} keys and {len(self.rates)} rates"
            )

    @property
    def _by_place(self) -> list[tuple[Block | None, ...]]:
        return list(zip(*self.chains, strict=True))

    @property
    def first(self) -> Block:
        """What all networks begin with, up to its channels."""
        block = self.chains[0][0]
        assert block is not None
        return block

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The largest block at each place."""
        slots, passed = [], [self.first.in_channels] * len(self.chains)
        for found in self._by_place:
            before = passed
            # what passes a place without a block must fit as well
            passed = [each if block is None else block.out_channels for block, each in zip(found, before, strict=True)]
            blocks = [block for block in found if block is not None]
            first = blocks[0]
            kind = KINDS[first.kind]
            slots.append(
                Slot(
                    kinds=(first.kind,),
                    height=first.height,
                    width=first.width,
                    in_channels=max(before),
                    out_channels=max(passed),
                    hidden_channels=max(block.hidden_channels for block in blocks) if kind.has_hidden else 0,
                    kernel=max(block.kernel for block in blocks) if kind.has_window else 1,
                    stride=first.stride,
                    optional=None in found,
                    activation=first.activation,
                )
            )
        return tuple(slots)

    @property
    def gates(self) -> Gates:
        """Those of each network, leaves [C, ...]."""
        return make_gates(self.slots, self._workload)

    @property
    def _workload(self) -> Workload:
        there = np.array([[block is not None for block in chain] for chain in self.chains])
        closed = workload_from_chains([present(chain) for chain in self.chains], there.shape[1])
        # a network's blocks, which come first there, go to its places in their order
        order = np.where(there, there.cumsum(1) - 1, there.shape[1] - 1)
        spread = jax.tree.map(lambda column: np.take_along_axis(column, order, axis=1), closed)
        return spread._replace(mask=there)


def aligned(space: SearchSpace, genotypes: np.ndarray) -> tuple[tuple[Block | None, ...], ...]:
    """Networks of a space [C, D] place by place, as Cohort takes them; places where none has a block are left out."""
    there: np.ndarray = np.asarray(space.lower(np.asarray(genotypes, np.int32)).mask)
    used, chains = np.flatnonzero(there.any(0)), []
    for mask, genotype in zip(there, genotypes.tolist(), strict=True):
        blocks = iter(space.decode(genotype))
        places = [next(blocks) if present else None for present in mask]
        chains.append(tuple(places[place] for place in used))
    return tuple(chains)


def present(chain: tuple[Block | None, ...]) -> tuple[Block, ...]:
    """The blocks of a network of a cohort, without the places that have none."""
    return tuple(block for block in chain if block is not None)
