"""An int8 .tflite file's operators as blocks, so that estimators can tell its cost without the compiler.

Read with the schema classes that Vela ships.  What has no cost of its own is folded into its neighbours: activations,
reshapes, padding before an unpadded window, and the gate of a squeeze-and-excitation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from ethosu.vela.tflite import (
    AddOptions,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    Model,
    Pool2DOptions,
)
from ethosu.vela.tflite.ActivationFunctionType import ActivationFunctionType
from ethosu.vela.tflite.BuiltinOperator import BuiltinOperator
from ethosu.vela.tflite.Padding import Padding
from ethosu.vela.tflite.TensorType import TensorType

from hw_model.blocks import MAX_KERNEL, MAX_STRIDE, NETWORK_INPUT, Block, GraphBlock, check_network, sources
from hw_model.errors import HardwareInputError

_NAMES = {value: name for name, value in vars(BuiltinOperator).items() if isinstance(value, int)}
_TYPES = {value: name for name, value in vars(TensorType).items() if isinstance(value, int)}
_ACTIVATIONS = (ActivationFunctionType.RELU, ActivationFunctionType.RELU6, ActivationFunctionType.RELU_N1_TO_1)
_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_MOST_OPERATORS = 10_000

Taken = tuple[int, ...]
"""Positions of the blocks whose outputs, joined along the channels, a tensor is."""


class UnknownOperatorsError(HardwareInputError):
    """The file has operators that estimators do not know; the message names and counts them."""


def read_blocks(content: bytes) -> tuple[Block, ...]:
    """The blocks of a .tflite file's bytes, in the order of its operators.

    Raises UnknownOperatorsError for operators that no block stands for, HardwareInputError for bytes that cannot be
    read and for networks that are larger than blocks may be.
    """
    try:
        reading = _read(content)
    except HardwareInputError:
        raise
    except Exception as error:  # whatever reading past the end raises
        raise HardwareInputError("the .tflite file is damaged: its operators cannot be read") from error
    if reading.unknown:
        counted = Counter(reading.unknown)
        named = ", ".join(f"{count} x {name}" if count > 1 else name for name, count in sorted(counted.items()))
        raise UnknownOperatorsError(f"estimators do not know these operators of the file: {named}"[:300])
    check_network(reading.blocks)
    return tuple(reading.blocks)


@dataclass
class _Reading:
    """What has been read so far."""

    graph: Any
    """The schema's."""
    buffers: Callable[[int], Any]
    """What a tensor's buffer holds, 0 for nothing."""
    blocks: list[Block] = field(default_factory=list)
    """In the order of the operators."""
    at: dict[int, Taken] = field(default_factory=dict)
    """Of each tensor."""
    padded: dict[int, int] = field(default_factory=dict)
    """Tensors that are another one padded."""
    uses: Counter[int] = field(default_factory=Counter)
    """How many operators take each tensor."""
    unknown: list[str] = field(default_factory=list)
    """Operators that no block stands for."""


class _Site(NamedTuple):
    """One operator."""

    options: Callable[[type], Any]
    """Its options as a class of them."""
    moving: list[int]
    """Tensors that it takes, constants apart."""
    inputs: list[int]
    """All tensors that it takes."""
    output: int
    """The tensor that it gives."""


class _NotKnownError(Exception):
    """No block stands for this operator; why, where that is not plain from its name."""


def _read(content: bytes) -> _Reading:
    model = Model.Model.GetRootAs(bytearray(content), 0)
    graph: Any = model.Subgraphs(0)
    if graph is None or not 1 <= graph.OperatorsLength() <= _MOST_OPERATORS or graph.InputsLength() != 1:
        raise HardwareInputError(f"the .tflite file has no operators, more than {_MOST_OPERATORS}, or not one input")
    reading = _Reading(graph, lambda tensor: _values(model, graph.Tensors(tensor)))
    reading.at[graph.Inputs(0)] = (NETWORK_INPUT,)
    operators: list[Any] = [graph.Operators(place) for place in range(graph.OperatorsLength())]
    for operator in operators:
        reading.uses.update(int(tensor) for tensor in operator.InputsAsNumpy())
    for operator in operators:
        code: Any = model.OperatorCodes(operator.OpcodeIndex())
        name = _NAMES.get(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()), "?")
        inputs = [int(tensor) for tensor in operator.InputsAsNumpy() if tensor >= 0]
        moving = [tensor for tensor in inputs if tensor in reading.at or not _constant(reading, tensor)]
        if not all(tensor in reading.at for tensor in moving):
            # behind one that is not known
            reading.unknown += [] if name in _READERS else [name]
            continue
        try:
            if not moving or name not in _READERS:
                raise _NotKnownError
            kind = graph.Tensors(moving[0]).Type()
            if kind not in (TensorType.INT8, TensorType.UINT8):
                raise _NotKnownError(f" of {_TYPES.get(kind, '?')}")
            if name in _WEIGHTED and len(moving) > 1:
                raise _NotKnownError(" with weights that are computed")
            _READERS[name](reading, _Site(_options(operator), moving, inputs, int(operator.Outputs(0))))
        except _NotKnownError as why:
            reading.unknown.append(f"{name}{why}")
    return reading


def _values(model: Any, tensor: Any) -> Any:
    return model.Buffers(tensor.Buffer()).DataAsNumpy()


def _constant(reading: _Reading, tensor: int) -> bool:
    return not isinstance(reading.buffers(tensor), int)  # flatbuffers gives 0 for what is not there


def _options(operator: Any) -> Callable[[type], Any]:
    def read(options: type) -> Any:
        table, found = operator.BuiltinOptions(), options()
        if table is None:
            raise _NotKnownError(" without options")
        found.Init(table.Bytes, table.Pos)
        return found

    return read


def _shape(reading: _Reading, tensor: int) -> tuple[int, int, int]:
    """Height, width and channels; what has fewer axes is one pixel."""
    shape = [int(size) for size in reading.graph.Tensors(tensor).ShapeAsNumpy()]
    if shape[0] != 1 or len(shape) not in (2, 4):
        raise _NotKnownError(f" of shape {'x'.join(map(str, shape))}")
    return (1, 1, shape[1]) if len(shape) == 2 else (shape[1], shape[2], shape[3])


def _taken(reading: _Reading, tensor: int) -> Taken:
    """What a tensor is, where it has the shape in which the blocks give it."""
    taken = reading.at[tensor]
    if taken != (NETWORK_INPUT,):
        channels = sum(reading.blocks[place].out_channels for place in taken)
        first = reading.blocks[taken[0]]
        if _shape(reading, tensor) != (first.out_height, first.out_width, channels):
            raise _NotKnownError(" of a reshaped tensor")
    return taken


def _append(reading: _Reading, output: int, block: Block, taken: Taken, **more: Any) -> None:
    """The block, as plain as it can be said."""
    position = len(reading.blocks)
    takes = () if taken == (position - 1,) else taken
    fields = {name: value for name, value in {**more, "takes": takes}.items() if value not in (0, ())}
    if fields or block.kernel > MAX_KERNEL or block.kernel % 2 == 0 or block.stride > MAX_STRIDE:
        block = GraphBlock(**vars(block), **fields)
    if (block.out_height, block.out_width, block.out_channels) != _shape(reading, output):
        raise _NotKnownError(" of other sizes")
    reading.blocks.append(block)
    reading.at[output] = (position,)


def _activates(kind: int) -> bool:
    if kind not in (ActivationFunctionType.NONE, *_ACTIVATIONS):
        raise _NotKnownError(" with its activation")
    return kind != ActivationFunctionType.NONE


def _window(reading: _Reading, tensor: int, output: int, options: Any, kernel: tuple[int, int]) -> dict[str, Any]:
    """Fields of a block with that window; padding that stood before it is its own."""
    strides = options.StrideH(), options.StrideW()
    valid = options.Padding() == Padding.VALID
    height, width, _ = _shape(reading, reading.padded.get(tensor, tensor))
    if tensor in reading.padded:
        same = (-(-height // strides[0]), -(-width // strides[1]))
        if not valid or _shape(reading, output)[:2] != same:
            raise _NotKnownError(" behind a padding")
        valid = False
    return {
        "kernel": kernel[0],
        "stride": strides[0],
        "kernel_width": kernel[1] if kernel[1] != kernel[0] else 0,
        "stride_width": strides[1] if strides[1] != strides[0] else 0,
        "valid": valid and kernel != (1, 1),
    }


def _windowed(kind: str, reading: _Reading, tensor: int, output: int, fields: dict[str, Any], active: bool) -> None:
    tensor = reading.padded.get(tensor, tensor)
    height, width, channels = _shape(reading, tensor)
    own = {name: fields.pop(name) for name in ("kernel", "stride")}
    out = _shape(reading, output)[2]
    block = Block(kind, height, width, channels, out, **own, activation=active)  # pyright: ignore[reportArgumentType]
    _append(reading, output, block, _taken(reading, tensor), **fields)


def _convolution(reading: _Reading, site: _Site) -> None:
    found = site.options(Conv2DOptions.Conv2DOptions)
    _, height, width, depth = (int(size) for size in reading.graph.Tensors(site.inputs[1]).ShapeAsNumpy())
    if (found.DilationHFactor(), found.DilationWFactor()) != (1, 1) or depth != _shape(reading, site.moving[0])[2]:
        raise _NotKnownError(" dilated or in groups")
    fields = _window(reading, site.moving[0], site.output, found, (height, width))
    _windowed("conv", reading, site.moving[0], site.output, fields, _activates(found.FusedActivationFunction()))


def _depthwise(reading: _Reading, site: _Site) -> None:
    found = site.options(DepthwiseConv2DOptions.DepthwiseConv2DOptions)
    _, height, width, channels = (int(size) for size in reading.graph.Tensors(site.inputs[1]).ShapeAsNumpy())
    given = _shape(reading, site.moving[0])[2]
    if (found.DilationHFactor(), found.DilationWFactor()) != (1, 1) or given not in (channels, 1):
        raise _NotKnownError(" dilated or with a multiplier")
    fields = _window(reading, site.moving[0], site.output, found, (height, width))
    # of one channel with several filters is a convolution
    kind = "depthwise" if channels == given else "conv"
    _windowed(kind, reading, site.moving[0], site.output, fields, _activates(found.FusedActivationFunction()))


def _pool(kind: str) -> Callable[[_Reading, _Site], None]:
    def read(reading: _Reading, site: _Site) -> None:
        found = site.options(Pool2DOptions.Pool2DOptions)
        if _activates(found.FusedActivationFunction()):
            raise _NotKnownError(" with an activation")
        fields = _window(reading, site.moving[0], site.output, found, (found.FilterHeight(), found.FilterWidth()))
        _windowed(kind, reading, site.moving[0], site.output, fields, active=True)

    return read


def _mean(reading: _Reading, site: _Site) -> None:
    axes = {int(axis) % 4 for axis in reading.buffers(site.inputs[1]).view(np.int32)}
    height, width, channels = _shape(reading, site.moving[0])
    if axes != {1, 2}:
        raise _NotKnownError(" over other axes")
    block = Block("global_pool", height, width, channels, channels, kernel=1)
    _append(reading, site.output, block, _taken(reading, site.moving[0]))


def _dense(reading: _Reading, site: _Site) -> None:
    found = site.options(FullyConnectedOptions.FullyConnectedOptions)
    out, depth = (int(size) for size in reading.graph.Tensors(site.inputs[1]).ShapeAsNumpy())
    taken = reading.at[site.moving[0]]
    first = reading.blocks[taken[0]] if taken != (NETWORK_INPUT,) else None
    height, width = (first.out_height, first.out_width) if first else _shape(reading, site.moving[0])[:2]
    channels = sum(reading.blocks[p].out_channels for p in taken) if first else _shape(reading, site.moving[0])[2]
    if depth != height * width * channels:
        raise _NotKnownError(" of several rows")
    active = _activates(found.FusedActivationFunction())
    block = Block("dense", height, width, channels, out, kernel=1, activation=active)
    _append(reading, site.output, block, taken)


def _add(reading: _Reading, site: _Site) -> None:
    if len(site.moving) != 2:
        raise _NotKnownError(" of a constant")
    active = _activates(site.options(AddOptions.AddOptions).FusedActivationFunction())
    last = len(reading.blocks) - 1
    for tensor, other in (site.moving, site.moving[::-1]):
        block = reading.blocks[last] if last >= 0 else None
        free = block is not None and reading.at[tensor] == (last,) and reading.uses[tensor] == 1
        linear = block is not None and (block.kind == "conv" and not block.activation)
        plain = not isinstance(block, GraphBlock) or block.adds is None
        if block is not None and free and linear and plain and len(_taken(reading, other)) == 1:
            fields = vars(block) | {"adds": _taken(reading, other)[0], "activation": active}
            reading.blocks[last] = GraphBlock(**fields)
            reading.at[site.output] = (last,)
            return
    raise _NotKnownError(" that follows no convolution")


def _join(reading: _Reading, site: _Site) -> None:
    found = site.options(ConcatenationOptions.ConcatenationOptions)
    axes = len(reading.graph.Tensors(site.output).ShapeAsNumpy())
    if axes != 4 or found.Axis() % axes != 3 or len(site.moving) != len(site.inputs):
        raise _NotKnownError(" along another axis")
    reading.at[site.output] = tuple(place for tensor in site.moving for place in _taken(reading, tensor))


def _reshape(reading: _Reading, site: _Site) -> None:
    reading.at[site.output] = reading.at[site.moving[0]]


def _pad(reading: _Reading, site: _Site) -> None:
    reading.padded[site.output] = site.moving[0]
    reading.at[site.output] = reading.at[site.moving[0]]


def _upsample(reading: _Reading, site: _Site) -> None:
    height, width, channels = _shape(reading, site.moving[0])
    out_height, out_width, _ = _shape(reading, site.output)
    if out_height % height or out_width % width:
        raise _NotKnownError(" by no whole number")
    down, across = out_height // height, out_width // width
    block = Block("upsample", height, width, channels, channels, kernel=1, stride=down)
    _append(reading, site.output, block, _taken(reading, site.moving[0]), stride_width=across if across != down else 0)


def _activation(reading: _Reading, site: _Site) -> None:
    taken, last = reading.at[site.moving[0]], len(reading.blocks) - 1
    if (
        taken != (last,)
        or reading.uses[site.moving[0]] != 1
        or reading.blocks[last].kind not in ("conv", "depthwise", "dense")
    ):
        raise _NotKnownError(" that follows no convolution")
    reading.blocks[last] = replace(reading.blocks[last], activation=True)
    reading.at[site.output] = taken


def _gate(reading: _Reading, site: _Site) -> None:
    """A sigmoid of one pixel, which is part of a squeeze-and-excitation and hardly costs anything."""
    kinds = [block.kind for block in reading.blocks[-3:]]
    behind = bool(kinds) and kinds[0] == "global_pool" and kinds[-1] in ("conv", "dense")
    if _shape(reading, site.moving[0])[:2] != (1, 1) or not behind:
        raise _NotKnownError
    reading.at[site.output] = reading.at[site.moving[0]]


def _product(reading: _Reading, site: _Site) -> None:
    """Of a tensor with what a mean and two pointwise layers make of it: a squeeze-and-excitation."""
    if len(site.moving) != 2 or len(reading.blocks) < 3:
        raise _NotKnownError
    start = len(reading.blocks) - 3
    mean, first, second = reading.blocks[start:]
    pointwise = all(each.kind in ("conv", "dense") and each.kernel == 1 for each in (first, second))
    for tensor, gate in (site.moving, site.moving[::-1]):
        taken = _taken(reading, tensor)
        follows = mean.kind == "global_pool" and sources(mean, start) == taken and max(taken) < start
        chained = not isinstance(first, GraphBlock) and not isinstance(second, GraphBlock)
        if pointwise and follows and chained and reading.at[gate] == (start + 2,):
            del reading.blocks[start:]
            height, width, channels = _shape(reading, tensor)
            block = Block("squeeze_excite", height, width, channels, channels, kernel=1)
            _append(reading, site.output, block, taken, hidden=first.out_channels)
            return
    raise _NotKnownError


_READERS: dict[str, Callable[[_Reading, _Site], None]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _dense,
    "AVERAGE_POOL_2D": _pool("avg_pool"),
    "MAX_POOL_2D": _pool("max_pool"),
    "MEAN": _mean,
    "ADD": _add,
    "MUL": _product,
    "LOGISTIC": _gate,
    "CONCATENATION": _join,
    "RESHAPE": _reshape,
    "SQUEEZE": _reshape,
    "EXPAND_DIMS": _reshape,
    "PAD": _pad,
    "RESIZE_NEAREST_NEIGHBOR": _upsample,
    "RELU": _activation,
    "RELU6": _activation,
}
