"""A search space: a genotype is a vector of choice indices, one for each decision; decoding gives an architecture."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hw_model.blocks import Block
from tasks.errors import TaskInputError

Choice = str | int | float


@dataclass(frozen=True)
class Decision:
    """One thing to decide, such as the depth multiplier, and what it can be; choice 0 is the baseline's."""

    name: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class SearchSpace:
    """Ordered decisions and what they build.

    build: the architecture, a chain of blocks, for one choice of each decision, {decision name: choice}; different
    genotypes may build equal architectures only where a decision has no effect.
    """

    name: str
    decisions: tuple[Decision, ...]
    build: Callable[[dict[str, Choice]], tuple[Block, ...]]

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """How many choices each decision has."""
        return tuple(len(decision.choices) for decision in self.decisions)

    @property
    def size(self) -> int:
        """Number of genotypes."""
        return math.prod(self.cardinalities)

    def describe(self, genotype: Sequence[int]) -> dict[str, Choice]:
        """The choice that was made for each decision.  Raises TaskInputError for a genotype outside the space."""
        if len(genotype) != len(self.decisions):
            raise TaskInputError(
                f"genotype for space {self.name} has {len(genotype)} values; it needs {len(self.decisions)}"
            )
        chosen = {}
        for value, decision in zip(genotype, self.decisions, strict=True):
            if not 0 <= int(value) < len(decision.choices):
                raise TaskInputError(
                    f"genotype for space {self.name}: {decision.name} is {value}; "
                    f"allowed: 0 to {len(decision.choices) - 1}"
                )
            chosen[decision.name] = decision.choices[int(value)]
        return chosen

    def encode(self, chosen: dict[str, Choice]) -> tuple[int, ...]:
        """The genotype of a choice for each decision.  Raises TaskInputError for a choice that the space lacks."""
        for decision in self.decisions:
            if chosen.get(decision.name) not in decision.choices:
                raise TaskInputError(
                    f"space {self.name}: {decision.name} is {chosen.get(decision.name)!r}; "
                    f"allowed: {', '.join(map(str, decision.choices))}"
                )
        return tuple(decision.choices.index(chosen[decision.name]) for decision in self.decisions)

    def decode(self, genotype: Sequence[int]) -> tuple[Block, ...]:
        """The architecture of a genotype.  Raises TaskInputError for one outside the space."""
        return self.build(self.describe(genotype))
