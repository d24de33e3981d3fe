"""Blocks written as an int8 .tflite file with the schema classes that Vela ships, so without TensorFlow.

Weights are drawn from a fixed distribution, because Vela compresses them and their spread decides the traffic:
a normal of standard deviation 32 (four of them fill int8, as quantising by the largest of some 10^4 trained weights
does), in 256 equally likely steps.  The draw is seeded by the block's content, so a block has the same weights wherever
it stands and on whatever machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import astuple
from statistics import NormalDist

import flatbuffers
import numpy as np
from ethosu.vela.tflite import (
    AddOptions,
    Buffer,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Model,
    OperatorCode,
    Pool2DOptions,
    QuantizationParameters,
    ReducerOptions,
    ResizeNearestNeighborOptions,
    SubGraph,
    Tensor,
)
from ethosu.vela.tflite import Operator as OperatorTable
from ethosu.vela.tflite.ActivationFunctionType import ActivationFunctionType
from ethosu.vela.tflite.BuiltinOperator import BuiltinOperator
from ethosu.vela.tflite.BuiltinOptions import BuiltinOptions
from ethosu.vela.tflite.Padding import Padding
from ethosu.vela.tflite.TensorType import TensorType

from hw_model.blocks import Block, check_chain
from hw_model.kinds import TWO_INPUTS
from hw_model.operators import Operator, block_operators

WRITER_VERSION = 1
"""Raised whenever the bytes written for a block change, since measurements are keyed by it."""

WEIGHT_STD = 32.0
_WEIGHT_STEPS = np.array([round(NormalDist(0, WEIGHT_STD).inv_cdf((step + 0.5) / 256)) for step in range(256)], np.int8)
_WEIGHT_SCALE = 0.01
_LINEAR = (0.05, 0)  # scale and zero point of a linear output
_RELU6 = (6 / 255, -128)  # of an output in 0 to 6

_CODES = {
    "conv": BuiltinOperator.CONV_2D,
    "depthwise": BuiltinOperator.DEPTHWISE_CONV_2D,
    "add": BuiltinOperator.ADD,
    "max_pool": BuiltinOperator.MAX_POOL_2D,
    "mean": BuiltinOperator.MEAN,
    "resize": BuiltinOperator.RESIZE_NEAREST_NEIGHBOR,
}
_TWO_INPUT_OPTIONS = {"add": (AddOptions, BuiltinOptions.AddOptions)}


def write_tflite(blocks: Sequence[Block]) -> bytes:
    """The chain of blocks as the bytes of a .tflite file: one int8 tensor [1, H, W, C] in, one out.

    Raises HardwareInputError when a block is not allowed or does not fit the one before it.
    """
    check_chain(blocks)
    graph = _Graph()
    tensor = graph.activation(blocks[0].height, blocks[0].width, blocks[0].in_channels, _LINEAR)
    graph.input = tensor
    for block in blocks:
        generator = np.random.default_rng(_content_seed(block))
        block_input = tensor
        for operator in block_operators(block):
            tensor = graph.add(operator, tensor, block_input, generator)
    return graph.finish(tensor)


def _content_seed(block: Block) -> int:
    return int.from_bytes(hashlib.sha256(repr(astuple(block)).encode()).digest()[:8], "little")


class _Graph:
    """Collects tensors and operators, then writes them out; flatbuffers wants children before parents."""

    def __init__(self) -> None:
        self.builder = flatbuffers.Builder(1 << 16)
        self.kinds: list[str] = []
        self.tensors: list[int] = []
        self.operators: list[int] = []
        self.scales: list[tuple[float, int]] = []
        self.input = 0
        Buffer.Start(self.builder)  # buffer 0 is the empty one, by convention
        self.buffers = [Buffer.End(self.builder)]

    def activation(self, height: int, width: int, channels: int, scale: tuple[float, int]) -> int:
        return self._tensor((1, height, width, channels), TensorType.INT8, scale, None)

    def add(self, operator: Operator, tensor: int, block_input: int, generator: np.random.Generator) -> int:
        """Append the operator behind `tensor`; the index of its output."""
        scale = _RELU6 if operator.relu6 else _LINEAR
        if operator.kind in ("max_pool", "mean", "resize"):
            scale = self.scales[tensor]  # these do not rescale
        inputs = [tensor]
        if operator.weights:
            inputs += self._parameters(operator, tensor, generator)
        elif operator.kind in TWO_INPUTS:
            inputs.append(block_input)
        elif operator.kind == "mean":
            inputs.append(self._tensor((2,), TensorType.INT32, None, np.array([1, 2], np.int32)))
        elif operator.kind == "resize":
            size = np.array([operator.out_height, operator.out_width], np.int32)
            inputs.append(self._tensor((2,), TensorType.INT32, None, size))
        output = self.activation(operator.out_height, operator.out_width, operator.out_channels, scale)
        self._operator(operator, inputs, output)
        return output

    def finish(self, output: int) -> bytes:
        builder = self.builder
        inputs = builder.CreateNumpyVector(np.array([self.input], np.int32))
        outputs = builder.CreateNumpyVector(np.array([output], np.int32))
        tensors, operators = self._offsets(self.tensors), self._offsets(self.operators)
        SubGraph.Start(builder)
        SubGraph.AddTensors(builder, tensors)
        SubGraph.AddInputs(builder, inputs)
        SubGraph.AddOutputs(builder, outputs)
        SubGraph.AddOperators(builder, operators)
        subgraphs = self._offsets([SubGraph.End(builder)])
        codes = self._offsets([self._code(kind) for kind in self.kinds])
        buffers = self._offsets(self.buffers)
        Model.Start(builder)
        Model.AddVersion(builder, 3)
        Model.AddOperatorCodes(builder, codes)
        Model.AddSubgraphs(builder, subgraphs)
        Model.AddBuffers(builder, buffers)
        builder.Finish(Model.End(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def _parameters(self, operator: Operator, tensor: int, generator: np.random.Generator) -> list[int]:
        k = operator.kernel
        # layouts of the format: conv [out, k, k, in], depthwise [1, k, k, channels]
        shape = (operator.out_channels, k, k, operator.in_channels)
        if operator.kind == "depthwise":
            shape = (1, k, k, operator.in_channels)
        steps = np.frombuffer(generator.bytes(operator.weights), np.uint8)
        weights = self._tensor(shape, TensorType.INT8, (_WEIGHT_SCALE, 0), _WEIGHT_STEPS[steps])
        bias_scale = (self.scales[tensor][0] * _WEIGHT_SCALE, 0)
        zeros = np.zeros(operator.biases, np.int32)
        return [weights, self._tensor(zeros.shape, TensorType.INT32, bias_scale, zeros)]

    def _tensor(
        self, shape: tuple[int, ...], kind: int, scale: tuple[float, int] | None, data: np.ndarray | None
    ) -> int:
        builder = self.builder
        buffer = 0
        if data is not None:
            vector = builder.CreateNumpyVector(data.view(np.uint8))
            Buffer.Start(builder)
            Buffer.AddData(builder, vector)
            self.buffers.append(Buffer.End(builder))
            buffer = len(self.buffers) - 1
        quantization = None if scale is None else self._quantization(*scale)
        name = builder.CreateString(f"tensor{len(self.tensors)}")
        dimensions = builder.CreateNumpyVector(np.array(shape, np.int32))
        Tensor.Start(builder)
        Tensor.AddShape(builder, dimensions)
        Tensor.AddType(builder, kind)
        Tensor.AddBuffer(builder, buffer)
        Tensor.AddName(builder, name)
        if quantization is not None:
            Tensor.AddQuantization(builder, quantization)
        self.tensors.append(Tensor.End(builder))
        self.scales.append(scale or (1.0, 0))
        return len(self.tensors) - 1

    def _quantization(self, scale: float, zero_point: int) -> int:
        scales = self.builder.CreateNumpyVector(np.array([scale], np.float32))
        zero_points = self.builder.CreateNumpyVector(np.array([zero_point], np.int64))
        QuantizationParameters.Start(self.builder)
        QuantizationParameters.AddScale(self.builder, scales)
        QuantizationParameters.AddZeroPoint(self.builder, zero_points)
        return QuantizationParameters.End(self.builder)

    def _operator(self, operator: Operator, inputs: list[int], output: int) -> None:
        builder = self.builder
        if operator.kind not in self.kinds:
            self.kinds.append(operator.kind)
        options_type, options = self._options(operator)
        input_vector = builder.CreateNumpyVector(np.array(inputs, np.int32))
        output_vector = builder.CreateNumpyVector(np.array([output], np.int32))
        OperatorTable.Start(builder)
        OperatorTable.AddOpcodeIndex(builder, self.kinds.index(operator.kind))
        OperatorTable.AddInputs(builder, input_vector)
        OperatorTable.AddOutputs(builder, output_vector)
        OperatorTable.AddBuiltinOptionsType(builder, options_type)
        OperatorTable.AddBuiltinOptions(builder, options)
        self.operators.append(OperatorTable.End(builder))

    def _options(self, operator: Operator) -> tuple[int, int]:
        builder = self.builder
        activation = ActivationFunctionType.RELU6 if operator.relu6 else ActivationFunctionType.NONE
        if operator.kind in TWO_INPUTS:
            two_input, options_type = _TWO_INPUT_OPTIONS[operator.kind]
            two_input.Start(builder)
            return options_type, two_input.End(builder)
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
        }[operator.kind]
        windowed.Start(builder)
        windowed.AddPadding(builder, Padding.SAME)
        windowed.AddStrideW(builder, operator.stride)
        windowed.AddStrideH(builder, operator.stride)
        if operator.kind == "depthwise":
            DepthwiseConv2DOptions.AddDepthMultiplier(builder, 1)
        if operator.kind == "max_pool":
            Pool2DOptions.AddFilterWidth(builder, operator.kernel)
            Pool2DOptions.AddFilterHeight(builder, operator.kernel)
        windowed.AddFusedActivationFunction(builder, activation)
        return options_type, windowed.End(builder)

    def _code(self, kind: str) -> int:
        OperatorCode.Start(self.builder)
        OperatorCode.AddDeprecatedBuiltinCode(self.builder, _CODES[kind])
        OperatorCode.AddBuiltinCode(self.builder, _CODES[kind])
        OperatorCode.AddVersion(self.builder, 1)
        return OperatorCode.End(self.builder)

    def _offsets(self, offsets: list[int]) -> int:
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return self.builder.EndVector()
