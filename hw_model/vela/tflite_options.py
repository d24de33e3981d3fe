"""Operators as the .tflite format has them: its codes, and the options of each."""

from __future__ import annotations

import flatbuffers
import numpy as np
from ethosu.vela.tflite import (
    AddOptions,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    MulOptions,
    Pool2DOptions,
    ReducerOptions,
    ReshapeOptions,
    ResizeNearestNeighborOptions,
)
from ethosu.vela.tflite.ActivationFunctionType import ActivationFunctionType
from ethosu.vela.tflite.BuiltinOperator import BuiltinOperator
from ethosu.vela.tflite.BuiltinOptions import BuiltinOptions
from ethosu.vela.tflite.Padding import Padding

from hw_model.kinds import TWO_INPUTS
from hw_model.operators import Operator

CODES = {
    "conv": BuiltinOperator.CONV_2D,
    "depthwise": BuiltinOperator.DEPTHWISE_CONV_2D,
    "dense": BuiltinOperator.FULLY_CONNECTED,
    "add": BuiltinOperator.ADD,
    "mul": BuiltinOperator.MUL,
    "concat": BuiltinOperator.CONCATENATION,
    "reshape": BuiltinOperator.RESHAPE,
    "avg_pool": BuiltinOperator.AVERAGE_POOL_2D,
    "max_pool": BuiltinOperator.MAX_POOL_2D,
    "mean": BuiltinOperator.MEAN,
    "resize": BuiltinOperator.RESIZE_NEAREST_NEIGHBOR,
}
"""By the kinds of hw_model.operators.Operator."""
_TWO_INPUT_OPTIONS = {
    "add": (AddOptions, BuiltinOptions.AddOptions),
    "mul": (MulOptions, BuiltinOptions.MulOptions),
}
_CHANNEL_AXIS = 3


def write_options(builder: flatbuffers.Builder, operator: Operator) -> tuple[int, int]:
    """Its options, written: their type and offset."""
    activation = ActivationFunctionType.RELU6 if operator.relu6 else ActivationFunctionType.NONE
    if operator.kind in TWO_INPUTS:
        two_input, options_type = _TWO_INPUT_OPTIONS[operator.kind]
        two_input.Start(builder)
        if operator.relu6:
            two_input.AddFusedActivationFunction(builder, activation)
        return options_type, two_input.End(builder)
    if operator.kind == "dense":
        FullyConnectedOptions.Start(builder)
        FullyConnectedOptions.AddKeepNumDims(builder, True)
        FullyConnectedOptions.AddFusedActivationFunction(builder, activation)
        return BuiltinOptions.FullyConnectedOptions, FullyConnectedOptions.End(builder)
    if operator.kind == "concat":
        ConcatenationOptions.Start(builder)
        ConcatenationOptions.AddAxis(builder, _CHANNEL_AXIS)
        return BuiltinOptions.ConcatenationOptions, ConcatenationOptions.End(builder)
    if operator.kind == "reshape":
        shape = builder.CreateNumpyVector(reshaped(operator))
        ReshapeOptions.Start(builder)
        ReshapeOptions.AddNewShape(builder, shape)
        return BuiltinOptions.ReshapeOptions, ReshapeOptions.End(builder)
    if operator.kind == "mean":
        ReducerOptions.Start(builder)
        ReducerOptions.AddKeepDims(builder, True)
        return BuiltinOptions.ReducerOptions, ReducerOptions.End(builder)
    if operator.kind == "resize":
        ResizeNearestNeighborOptions.Start(builder)
        return BuiltinOptions.ResizeNearestNeighborOptions, ResizeNearestNeighborOptions.End(builder)
    windowed, options_type = {
        "conv": (Conv2DOptions, BuiltinOptions.Conv2DOptions),
        "depthwise": (DepthwiseConv2DOptions, BuiltinOptions.DepthwiseConv2DOptions),
        "max_pool": (Pool2DOptions, BuiltinOptions.Pool2DOptions),
        "avg_pool": (Pool2DOptions, BuiltinOptions.Pool2DOptions),
    }[operator.kind]
    windowed.Start(builder)
    windowed.AddPadding(builder, Padding.VALID if operator.valid else Padding.SAME)
    windowed.AddStrideW(builder, operator.strides[1])
    windowed.AddStrideH(builder, operator.strides[0])
    if operator.kind == "depthwise":
        DepthwiseConv2DOptions.AddDepthMultiplier(builder, 1)
    if windowed is Pool2DOptions:
        Pool2DOptions.AddFilterWidth(builder, operator.window[1])
        Pool2DOptions.AddFilterHeight(builder, operator.window[0])
    windowed.AddFusedActivationFunction(builder, activation)
    return options_type, windowed.End(builder)


def reshaped(operator: Operator) -> np.ndarray:
    """int32[4], the shape that a "reshape" gives."""
    return np.array([1, 1, 1, operator.out_channels], np.int32)
