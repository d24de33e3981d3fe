"""What each operator of a .tflite file adds to the blocks that stand for it.

What has no cost of its own is folded into its neighbours: activations, reshapes, padding before an unpadded window, and
the gate of a squeeze-and-excitation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from ethosu.vela.tflite import (
    AddOptions,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    Pool2DOptions,
)
from ethosu.vela.tflite.ActivationFunctionType import ActivationFunctionType
from ethosu.vela.tflite.Padding import Padding

from hw_model.blocks import NETWORK_INPUT, Block, GraphBlock, sources
from hw_model.vela.tflite_reading import NotKnownError, Reading, Site

_ACTIVATIONS = (ActivationFunctionType.RELU, ActivationFunctionType.RELU6, ActivationFunctionType.RELU_N1_TO_1)


def _activates(kind: int) -> bool:
    if kind not in (ActivationFunctionType.NONE, *_ACTIVATIONS):
        raise NotKnownError(" with its activation")
    return kind != ActivationFunctionType.NONE


def _window(reading: Reading, tensor: int, output: int, options: Any, kernel: tuple[int, int]) -> dict[str, Any]:
    """Fields of a block with that window; padding that stood before it is its own."""
    strides = options.StrideH(), options.StrideW()
    valid = options.Padding() == Padding.VALID
    height, width, channels = reading.shape(reading.padded.get(tensor, tensor))
    if tensor in reading.padded:
        same = (-(-height // strides[0]), -(-width // strides[1]))
        if not valid or reading.shape(output)[:2] != same or reading.shape(tensor)[2] != channels:
            raise NotKnownError(" behind a padding")
        valid = False
    return {
        "kernel": kernel[0],
        "stride": strides[0],
        "kernel_width": kernel[1] if kernel[1] != kernel[0] else 0,
        "stride_width": strides[1] if strides[1] != strides[0] else 0,
        "valid": valid and kernel != (1, 1),
    }


def _windowed(kind: str, reading: Reading, tensor: int, output: int, fields: dict[str, Any], active: bool) -> None:
    tensor = reading.padded.get(tensor, tensor)
    height, width, channels = reading.shape(tensor)
    own = {name: fields.pop(name) for name in ("kernel", "stride")}
    out = reading.shape(output)[2]
    block = Block(kind, height, width, channels, out, **own, activation=active)  # pyright: ignore[reportArgumentType]
    reading.append(output, block, reading.taken(tensor), **fields)


def _refuse_dilated(options: Any) -> None:
    factors = options.DilationHFactor(), options.DilationWFactor()
    if factors != (1, 1):
        raise NotKnownError(f" dilated by {factors[0]}x{factors[1]}")


def _convolution(reading: Reading, site: Site) -> None:
    found = site.options(Conv2DOptions.Conv2DOptions)
    _, height, width, depth = (int(size) for size in reading.graph.Tensors(site.inputs[1]).ShapeAsNumpy())
    _refuse_dilated(found)
    channels = reading.shape(site.moving[0])[2]
    if depth != channels:
        raise NotKnownError(f" in {channels // depth} groups")
    fields = _window(reading, site.moving[0], site.output, found, (height, width))
    _windowed("conv", reading, site.moving[0], site.output, fields, _activates(found.FusedActivationFunction()))


def _depthwise(reading: Reading, site: Site) -> None:
    found = site.options(DepthwiseConv2DOptions.DepthwiseConv2DOptions)
    _, height, width, channels = (int(size) for size in reading.graph.Tensors(site.inputs[1]).ShapeAsNumpy())
    given = reading.shape(site.moving[0])[2]
    _refuse_dilated(found)
    if given not in (channels, 1):
        raise NotKnownError(f" with {channels // given} outputs of a channel")
    fields = _window(reading, site.moving[0], site.output, found, (height, width))
    # of one channel with several filters is a convolution
    kind = "depthwise" if channels == given else "conv"
    _windowed(kind, reading, site.moving[0], site.output, fields, _activates(found.FusedActivationFunction()))


def _pool(kind: str) -> Callable[[Reading, Site], None]:
    def read(reading: Reading, site: Site) -> None:
        found = site.options(Pool2DOptions.Pool2DOptions)
        if _activates(found.FusedActivationFunction()):
            raise NotKnownError(" with an activation")
        fields = _window(reading, site.moving[0], site.output, found, (found.FilterHeight(), found.FilterWidth()))
        _windowed(kind, reading, site.moving[0], site.output, fields, active=True)

    return read


def _mean(reading: Reading, site: Site) -> None:
    axes = {int(axis) % 4 for axis in reading.buffers(site.inputs[1]).view(np.int32)}
    height, width, channels = reading.shape(site.moving[0])
    if axes != {1, 2}:
        raise NotKnownError(" over other axes")
    block = Block("global_pool", height, width, channels, channels, kernel=1)
    reading.append(site.output, block, reading.taken(site.moving[0]))


def _dense(reading: Reading, site: Site) -> None:
    found = site.options(FullyConnectedOptions.FullyConnectedOptions)
    out, depth = (int(size) for size in reading.graph.Tensors(site.inputs[1]).ShapeAsNumpy())
    taken = reading.at[site.moving[0]]
    alone = taken == (NETWORK_INPUT,)
    height, width, channels = reading.shape(site.moving[0]) if alone else reading.joined(taken)
    if depth != height * width * channels:
        raise NotKnownError(" of several rows")
    active = _activates(found.FusedActivationFunction())
    block = Block("dense", height, width, channels, out, kernel=1, activation=active)
    reading.append(site.output, block, taken)


def _add(reading: Reading, site: Site) -> None:
    if len(site.moving) != 2:
        raise NotKnownError(" of a constant")
    active = _activates(site.options(AddOptions.AddOptions).FusedActivationFunction())
    last = len(reading.blocks) - 1
    for tensor, other in (site.moving, site.moving[::-1]):
        lone = bool(reading.blocks) and reading.at[tensor] == (last,) and reading.uses[tensor] == 1
        block = reading.blocks[last] if lone else None
        adds_already = isinstance(block, GraphBlock) and block.adds is not None
        if block is not None and not adds_already and len(reading.taken(other)) == 1:
            # an activation before the addition costs what one behind it does
            fields = vars(block) | {"adds": reading.taken(other)[0], "activation": active or block.activation}
            reading.blocks[last] = GraphBlock(**fields)
            reading.at[site.output] = (last,)
            return
    raise NotKnownError(" of two earlier tensors")


def _join(reading: Reading, site: Site) -> None:
    found = site.options(ConcatenationOptions.ConcatenationOptions)
    axes = len(reading.graph.Tensors(site.output).ShapeAsNumpy())
    if axes != 4 or found.Axis() % axes != 3 or len(site.moving) != len(site.inputs):
        raise NotKnownError(" along another axis")
    reading.at[site.output] = tuple(place for tensor in site.moving for place in reading.taken(tensor))


def _reshape(reading: Reading, site: Site) -> None:
    reading.at[site.output] = reading.at[site.moving[0]]


def _pad(reading: Reading, site: Site) -> None:
    reading.padded[site.output] = site.moving[0]
    reading.at[site.output] = reading.at[site.moving[0]]


def _upsample(reading: Reading, site: Site) -> None:
    height, width, channels = reading.shape(site.moving[0])
    out_height, out_width, _ = reading.shape(site.output)
    if out_height % height or out_width % width:
        raise NotKnownError(" by no whole number")
    down, across = out_height // height, out_width // width
    block = Block("upsample", height, width, channels, channels, kernel=1, stride=down)
    reading.append(site.output, block, reading.taken(site.moving[0]), stride_width=across if across != down else 0)


def _activation(reading: Reading, site: Site) -> None:
    taken, last = reading.at[site.moving[0]], len(reading.blocks) - 1
    if (
        not reading.blocks
        or taken != (last,)
        or reading.uses[site.moving[0]] != 1
        or reading.blocks[last].kind not in ("conv", "depthwise", "dense")
    ):
        raise NotKnownError(" that follows no convolution")
    reading.blocks[last] = replace(reading.blocks[last], activation=True)
    reading.at[site.output] = taken


def _gate(reading: Reading, site: Site) -> None:
    """A sigmoid of one pixel, which is part of a squeeze-and-excitation and hardly costs anything."""
    kinds = [block.kind for block in reading.blocks[-3:]]
    behind = bool(kinds) and kinds[0] == "global_pool" and kinds[-1] in ("conv", "dense")
    if reading.shape(site.moving[0])[:2] != (1, 1) or not behind:
        raise NotKnownError
    reading.at[site.output] = reading.at[site.moving[0]]


def _product(reading: Reading, site: Site) -> None:
    """Of a tensor with what a mean and two pointwise layers make of it: a squeeze-and-excitation."""
    if len(site.moving) != 2 or len(reading.blocks) < 3:
        raise NotKnownError
    start = len(reading.blocks) - 3
    mean, first, second = reading.blocks[start:]
    pointwise = all(each.kind in ("conv", "dense") and each.kernel == 1 for each in (first, second))
    for tensor, gate in (site.moving, site.moving[::-1]):
        taken = reading.taken(tensor)
        follows = mean.kind == "global_pool" and sources(mean, start) == taken and max(taken) < start
        chained = not isinstance(first, GraphBlock) and not isinstance(second, GraphBlock)
        if pointwise and follows and chained and reading.at[gate] == (start + 2,):
            del reading.blocks[start:]
            height, width, channels = reading.shape(tensor)
            block = Block("squeeze_excite", height, width, channels, channels, kernel=1)
            reading.append(site.output, block, taken, hidden=first.out_channels)
            return
    raise NotKnownError


READERS: dict[str, Callable[[Reading, Site], None]] = {
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
"""By the format's names.  Each raises NotKnownError where no block stands for the operator."""
