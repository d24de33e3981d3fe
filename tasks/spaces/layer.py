"""The skeleton that all networks of a space share: places for blocks, each field fixed or set by a decision."""

from __future__ import annotations

from dataclasses import dataclass

from hw_model.kinds import KINDS, kind_names
from tasks.errors import TaskInputError

Choice = str | int | float


@dataclass(frozen=True)
class Decision:
    """One thing to decide, such as the width multiplier, and what it can be."""

    name: str
    choices: tuple[Choice, ...]

    @property
    def ordered(self) -> bool:
        """Whether the choices are numbers, rising or falling, so that the ones beside a choice are near to it."""
        numbers = [choice for choice in self.choices if not isinstance(choice, str)]
        return len(numbers) == len(self.choices) and (numbers in (sorted(numbers), sorted(numbers, reverse=True)))


@dataclass(frozen=True)
class Presence:
    """The place holds a block only where this decision has one of these choices."""

    decision: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Layer:
    """One place of the chain.  A field that holds the name of a decision is set by it.

    block: a kind of hw_model.kinds.KINDS, with its expansion where it expands, such as "ibn_6", "fused_ibn_3" or
    "conv".  channels: given out, before the width multiplier; None for blocks that keep theirs.  fixed_channels: the
    width multiplier leaves them alone, as it must those of a predicting layer.  kernel, stride, activation: as in
    Block.  A block whose input and output are of one shape adds them, except where residual is False.
    """

    block: str
    channels: int | str | None = None
    kernel: int | str = 3
    stride: int = 1
    activation: bool = True
    fixed_channels: bool = False
    residual: bool = True
    present: Presence | None = None


def parse_block(text: str) -> tuple[str, int]:
    """Kind and expansion of a text such as "fused_ibn_3" or "conv".  Raises TaskInputError."""
    allowed = kind_names(lambda kind: not kind.only_costed)
    kind, _, expansion = text.rpartition("_")
    if kind in allowed and KINDS[kind].expands and expansion.isdecimal():
        return kind, int(expansion)
    if text in allowed and not KINDS[text].expands:
        return text, 1
    raise TaskInputError(f"block {text!r}; allowed: {', '.join(allowed)}, with an expansion as in ibn_6")
