"""The kinds of block: one table from which operators, layers, checks, gates and channel rules derive.

To add a kind that is made of the operators there are, add its entry to `KINDS`; `tests/tasks/networks/test_new_kind.py`
does it.  Estimators know new kinds through their operators, and want to be fitted anew.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

Channels = Literal["in", "hidden", "out"]

CONVOLUTIONS = {"conv": "Conv", "depthwise": "Depthwise"}
"""Operators with weights, and what the layer with those weights is called (a number follows)."""

TWO_INPUTS: dict[str, Callable[[Any, Any], Any]] = {"add": operator.add, "mul": operator.mul}
"""Operators that take the block's input as their second argument; they give tensors of its height and width."""

ONE_PIXEL = ("mean", "dense")
"""Operators over the whole image."""

MOST_PARTS = 3


def out_size(operator: str, size: Any, stride: Any, window: int = 1) -> Any:
    """Output pixels along one axis of an elementary operator over `size` pixels; numbers or arrays of integers.

    window: of an operator without padding, 1 for one that pads "same".
    """
    if operator in ONE_PIXEL:
        return 1
    return size * stride if operator == "resize" else -(-(size - window + 1) // stride)


@dataclass(frozen=True)
class Part:
    """One elementary operator of a kind of block, its sizes in the block's own terms."""

    operator: str
    """As in hw_model.operators.Operator: "conv", "depthwise", "dense", "max_pool", "avg_pool", "mean", "resize" or one
    of TWO_INPUTS."""
    inputs: Channels = "in"
    """The block's input channels, its hidden ones (input channels x expansion), or its output channels."""
    outputs: Channels = "out"
    """As inputs."""
    window: bool = False
    """It has the block's kernel size; 1 x 1 otherwise."""
    strided: bool = False
    """It has the block's stride; 1 otherwise."""
    relu6: bool | Literal["block"] = False
    """Whether ReLU6 follows; "block": where the block's `activation` says so."""
    optional: bool = False
    """It is left out where the block's hidden channels are as many as its input's: where its expansion is 1."""
    predicts: bool = False
    """Without activation this is a predicting layer: trained with a bias and no normalisation."""

    def activates(self, activation: Any) -> Any:
        """Whether ReLU6 follows in a block of that `activation`; a bool or an array of them."""
        return activation if self.relu6 == "block" else self.relu6


@dataclass(frozen=True)
class Convolution:
    """A convolution of a block as the trained networks know it."""

    part: Part
    name: str
    """Of its kernel among the block's parameters, such as "Conv_0"."""
    norm: str
    """Of the normalisation behind it, such as "BatchNorm_0"."""
    activation: str
    """Of its activation, such as "Relu_0"; empty where none may follow."""


@dataclass(frozen=True)
class Kind:
    """What a kind of block is.

    Raises ValueError for more parts than `hw_model.operator_arrays` has places for.
    """

    parts: tuple[Part, ...]
    """Its operators in the order they run, a residual addition apart; one of TWO_INPUTS may only be the last."""
    keeps_channels: bool = False
    """Output channels equal the input's."""
    may_add: bool = False
    """The input may be added to the output (a residual), at stride 1 and equal channels."""
    expands: bool = False
    """`expansion` is free to choose; 1 otherwise."""
    in_supernet: bool = True
    """It may stand in a supernet."""
    only_costed: bool = False
    """It stands in network files alone: no space holds it, and it has no trained form."""

    def __post_init__(self):
        if not 1 <= len(self.own_parts) <= MOST_PARTS:
            raise ValueError(f"a kind of {len(self.own_parts)} parts; allowed: 1 to {MOST_PARTS}")

    @property
    def meets_input(self) -> bool:
        """Whether the last part takes the block's input as its second argument."""
        return self.parts[-1].operator in TWO_INPUTS

    @property
    def own_parts(self) -> tuple[Part, ...]:
        """The parts without that one."""
        return self.parts[:-1] if self.meets_input else self.parts

    @property
    def has_kernel(self) -> bool:
        """Whether the kernel size means anything."""
        return any(part.window for part in self.parts)

    @property
    def has_window(self) -> bool:
        """Whether it convolves with that kernel, which is then centred: odd sizes only."""
        return any(part.window and part.operator in CONVOLUTIONS for part in self.parts)

    @property
    def has_stride(self) -> bool:
        """Whether the stride means anything."""
        return any(part.strided for part in self.parts)

    @property
    def has_hidden(self) -> bool:
        """Whether there are channels between its parts that are neither input nor output."""
        return any(part.outputs == "hidden" for part in self.parts)

    @property
    def enlarges(self) -> bool:
        """Whether the stride is a factor of enlargement."""
        return any(part.operator == "resize" for part in self.parts)

    @property
    def predicts(self) -> bool:
        """Whether it is a predicting layer where it has no activation."""
        return any(part.predicts for part in self.parts)

    def out_size(self, size: Any, stride: Any, window: int = 1) -> Any:
        """Output pixels along one axis for an input of `size` pixels; numbers or arrays of integers.

        window: as in `out_size`.
        """
        first = size
        for part in self.parts:
            steps = (stride if part.strided else 1, window if part.window else 1)
            size = first if part.operator in TWO_INPUTS else out_size(part.operator, size, *steps)
        return size

    def standing(self, expands: bool) -> tuple[Part, ...]:
        """The parts of a block that has other hidden channels than input channels, or of one that has not."""
        return tuple(part for part in self.parts if expands or not part.optional)

    def standing_convolutions(self, expands: bool) -> tuple[Convolution, ...]:
        """The convolutions of such a block, named as its own layers are."""
        return _convolutions(self.standing(expands))

    @cached_property
    def convolutions(self) -> tuple[Convolution, ...]:
        """Its convolutions in order, all that may stand."""
        return _convolutions(self.parts)


def _convolutions(parts: tuple[Part, ...]) -> tuple[Convolution, ...]:
    found, counts = [], dict.fromkeys(CONVOLUTIONS, 0)
    for part in parts:
        if part.operator in CONVOLUTIONS:
            activated = sum(bool(one.activation) for one in found)
            name = f"{CONVOLUTIONS[part.operator]}_{counts[part.operator]}"
            found.append(Convolution(part, name, f"BatchNorm_{len(found)}", f"Relu_{activated}" if part.relu6 else ""))
            counts[part.operator] += 1
    return tuple(found)


_PROJECTION = Part("conv", "hidden", "out")

KINDS: dict[str, Kind] = {
    "conv": Kind((Part("conv", window=True, strided=True, relu6="block", predicts=True),), may_add=True),
    "depthwise": Kind((Part("depthwise", window=True, strided=True, relu6="block"),), keeps_channels=True),
    "ibn": Kind(
        (
            # an expansion of 1 has no expansion convolution, as in MobileNetV2's first block
            Part("conv", "in", "hidden", relu6=True, optional=True),
            Part("depthwise", "hidden", "hidden", window=True, strided=True, relu6=True),
            _PROJECTION,
        ),
        may_add=True,
        expands=True,
    ),
    "fused_ibn": Kind(
        (Part("conv", "in", "hidden", window=True, strided=True, relu6=True), _PROJECTION), may_add=True, expands=True
    ),
    "max_pool": Kind((Part("max_pool", window=True, strided=True),), keeps_channels=True, in_supernet=False),
    "global_pool": Kind((Part("mean"),), keeps_channels=True),
    "upsample": Kind((Part("resize", strided=True),), keeps_channels=True),
    "avg_pool": Kind(
        (Part("avg_pool", window=True, strided=True),), keeps_channels=True, in_supernet=False, only_costed=True
    ),
    "dense": Kind((Part("dense", relu6="block"),), in_supernet=False, only_costed=True),
    "squeeze_excite": Kind(
        (
            Part("mean", "in", "in"),
            Part("conv", "in", "hidden", relu6=True),
            # a hard sigmoid, relu6(x + 3) / 6, is a ReLU6 where deployment has 3 in the bias and 1 / 6 in the scale
            Part("conv", "hidden", "in", relu6=True),
            Part("mul", "in"),
        ),
        keeps_channels=True,
        in_supernet=False,
        only_costed=True,
    ),
}
"""Every kind by name; arrays (hw_model.workload) hold a kind as its place in this order.

conv: k x k convolution; the stem, a pointwise layer, a classifier after a global_pool and the output layers of heads
are all this.  depthwise: k x k, one filter a channel.  ibn: 1x1 expansion, k x k depthwise, 1x1 projection
(MobileNetV2, arXiv:1801.04381).  fused_ibn: k x k expansion, 1x1 projection (MobileDets, arXiv:2004.14525).
max_pool, avg_pool: k x k.  global_pool: mean over the image.  upsample: nearest neighbour, by the factor `stride`.
dense: every value of the input with every output.  squeeze_excite: channels scaled by what a bottleneck of `hidden`
channels makes of their means (arXiv:1709.01507), with MobileNetV3's hard sigmoid (arXiv:1905.02244)."""


def kind_index(name: str) -> int:
    """How arrays hold the kind."""
    return list(KINDS).index(name)


def kind_names(which: Callable[[Kind], bool] = lambda kind: True) -> tuple[str, ...]:
    """Names of the kinds that are so, in the table's order."""
    return tuple(name for name, kind in KINDS.items() if which(kind))
