"""A search space: a genotype is a vector of choice indices, one for each decision; decoding gives an architecture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax.numpy as jnp
import numpy as np

from hw_model.blocks import Block
from hw_model.workload import Workload, chains_from_workload
from tasks.errors import TaskInputError
from tasks.sides import Side
from tasks.spaces.check import check_fields, check_networks
from tasks.spaces.layer import Choice, Decision, Layer
from tasks.spaces.lowering import MULTIPLIER, Tables, lower_rows, make_tables
from tasks.spaces.slots import Slot, make_slots


@dataclass(frozen=True)
class SearchSpace:
    """Ordered decisions and the chain of layers that they set.

    input_side: pixels of the square input, (height, width) of another, or the name of the decision that sets a
    square's.  input_channels: of the images.  channel_step: channels times the width multiplier (the decision of that
    name, where there is one) go to the nearest multiple of it, ties up, one step at least.  fixed: decisions that
    layers name and that are no part of the genotype, each with its one choice.

    Different genotypes may build equal architectures: where a decision has no effect, and where the multiplier brings
    different channels to the same multiple of channel_step.
    Raises TaskInputError when layers and decisions do not fit together.
    """

    name: str
    decisions: tuple[Decision, ...]
    layers: tuple[Layer, ...]
    input_side: Side | str
    input_channels: int = 3
    channel_step: int = 1
    fixed: tuple[Decision, ...] = ()

    def __post_init__(self):
        check_fields(self)
        used = {MULTIPLIER, self.input_side}
        for layer in self.layers:
            used |= {layer.block, layer.channels, layer.kernel, layer.present.decision if layer.present else None}
        idle = [decision.name for decision in self.decisions if decision.name not in used]
        if idle:
            raise TaskInputError(f"space {self.name}: no layer uses decision {idle[0]!r}")
        check_networks(self)

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """How many choices each decision has."""
        return tuple(len(decision.choices) for decision in self.decisions)

    @property
    def size(self) -> int:
        """Number of genotypes."""
        return math.prod(self.cardinalities)

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """The largest block at each place, for a supernet."""
        return make_slots(self._tables)

    @cached_property
    def _tables(self) -> Tables:
        return make_tables(
            self.decisions, self.fixed, self.layers, self.input_side, self.input_channels, self.channel_step
        )

    def lower(self, genotypes: Any, absent_too: bool = False) -> Workload:
        """Architectures as arrays: genotypes int32[..., D] in range to a Workload of shape [..., len(layers)].

        absent_too: whether a place without a block says, for gradients, which would stand there: all but its mask is as
        if it did.  Pure and traceable; NumPy in, NumPy out.
        """
        xp = np if isinstance(genotypes, np.ndarray) else jnp
        return lower_rows(self._tables, xp.asarray(genotypes), xp, absent_too)

    def options(self, value: Any) -> tuple[Choice, ...]:
        """What a field of a layer, or of the space, may be: the choices of the decision that it names, or itself."""
        known = {decision.name: decision.choices for decision in (*self.decisions, *self.fixed)}
        return known[value] if isinstance(value, str) and value in known else (value,)

    def decode(self, genotype: Sequence[int]) -> tuple[Block, ...]:
        """The architecture of a genotype.  Raises TaskInputError for one outside the space."""
        self.describe(genotype)
        return chains_from_workload(self.lower(np.array([genotype], np.int32)))[0]

    def decode_all(self, genotypes: np.ndarray) -> list[tuple[Block, ...]]:
        """The architectures of genotypes int32[n, D], lowered at once.  Raises TaskInputError for one outside."""
        outside = ((genotypes < 0) | (genotypes >= np.array(self.cardinalities))).any(1)
        for genotype in genotypes[outside].tolist():
            self.describe(genotype)
        return chains_from_workload(self.lower(np.asarray(genotypes, np.int32)))

    def describe(self, genotype: Sequence[int]) -> dict[str, Choice]:
        """The choice that was made for each decision.  Raises TaskInputError for a genotype outside the space."""
        if len(genotype) != len(self.decisions):
            raise TaskInputError(
                f"genotype for space {self.name} has {len(genotype)} values; it needs {len(self.decisions)}"
            )
        chosen = {}
        for value, decision in zip(genotype, self.decisions, strict=True):
            if not hasattr(value, "__index__") or not 0 <= int(value) < len(decision.choices):
                raise TaskInputError(
                    f"genotype for space {self.name}: {decision.name} is {value}; "
                    f"allowed: 0 to {len(decision.choices) - 1}"
                )
            chosen[decision.name] = decision.choices[int(value)]
        return chosen

    def encode(self, chosen: Mapping[str, Choice]) -> tuple[int, ...]:
        """The genotype of a choice for each decision.  Raises TaskInputError for a choice that the space lacks."""
        for decision in self.decisions:
            if chosen.get(decision.name) not in decision.choices:
                raise TaskInputError(
                    f"space {self.name}: {decision.name} is {chosen.get(decision.name)!r}; "
                    f"allowed: {', '.join(map(str, decision.choices))}"
                )
        return tuple(decision.choices.index(chosen[decision.name]) for decision in self.decisions)

    def effective(self, genotype: Sequence[int]) -> dict[str, Choice]:
        """What a genotype comes to when the width multiplier is multiplied out and what is fixed is said: the same
        network's choices in a space of the same skeleton without multiplier, such as the uncurated one.
        """
        chosen = {decision.name: decision.choices[0] for decision in self.fixed} | self.describe(genotype)
        multiplier = chosen.pop(MULTIPLIER, None)
        if multiplier is not None:
            index = self.decisions[self._tables.position[MULTIPLIER]].choices.index(multiplier)
            for layer in self.layers:
                if isinstance(layer.channels, str) and not layer.fixed_channels:
                    place = self._tables.position.get(layer.channels)
                    choice = 0 if place is None else genotype[place]
                    chosen[layer.channels] = int(self._tables.scaled[layer.channels][choice, index])
        return chosen
