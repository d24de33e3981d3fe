"""A chain of blocks as a .tflite file, written with the schema classes that Vela ships, so without TensorFlow.

What numbers it holds is said by a `Numbers`: drawn int8 ones (hw_model.vela.tflite_writer) or trained float ones
(hw_model.vela.tflite_float).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

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
    SignatureDef,
    SubGraph,
    Tensor,
    TensorMap,
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

_CODES = {
    "conv": BuiltinOperator.CONV_2D,
    "depthwise": BuiltinOperator.DEPTHWISE_CONV_2D,
    "add": BuiltinOperator.ADD,
    "max_pool": BuiltinOperator.MAX_POOL_2D,
    "mean": BuiltinOperator.MEAN,
    "resize": BuiltinOperator.RESIZE_NEAREST_NEIGHBOR,
}
_TWO_INPUT_OPTIONS = {"add": (AddOptions, BuiltinOptions.AddOptions)}
_ALIGNMENT = 16  # bytes, as the format's schema asks of buffers
_TYPES = {"int8": TensorType.INT8, "int32": TensorType.INT32, "float32": TensorType.FLOAT32}

SIGNATURE, INPUT, OUTPUT = "serving_default", "images", "output"
"""Names of a file's signature and of its ends."""

Scale = tuple[float, int]
"""Scale and zero point of a quantised tensor: number = scale * (stored - zero point)."""


class Constant(NamedTuple):
    """What a tensor of the file holds for good."""

    data: np.ndarray
    """int8, int32 or float32, in the layout of the format."""
    scale: Scale | None = None
    """None where it is not quantised."""


class Numbers(Protocol):
    """The numbers of a file."""

    dtype: str
    """Of activations: "int8" or "float32"."""
    signature: bool
    """Whether the file has a signature that names its input and output, as quantisers ask of it."""

    def input_scale(self) -> Scale | None:
        """Of the file's input; None where it is not quantised."""
        ...

    def start(self, block: Block) -> None:
        """Told of each block before its operators."""
        ...

    def output_scale(self, operator: Operator, scale: Scale | None) -> Scale | None:
        """Of an operator's output, given that of its input."""
        ...

    def parameters(self, operator: Operator, scale: Scale | None) -> tuple[Constant, Constant]:
        """Weights of `weights_shape` and bias [out]; scale: the input's."""
        ...


def write_chain(blocks: Sequence[Block], numbers: Numbers) -> bytes:
    """The chain of blocks as the bytes of a .tflite file: one tensor [1, H, W, C] in, one out.

    Raises HardwareInputError when a block is not allowed or does not fit the one before it.
    """
    check_chain(blocks)
    graph = _Graph(numbers)
    tensor = graph.activation(blocks[0].height, blocks[0].width, blocks[0].in_channels, numbers.input_scale())
    graph.input = tensor
    for block in blocks:
        numbers.start(block)
        block_input = tensor
        for operator in block_operators(block):
            tensor = graph.add(operator, tensor, block_input)
    return graph.finish(tensor)


def weights_shape(operator: Operator) -> tuple[int, ...]:
    """In the layout of the format: of a conv [out, k, k, in], of a depthwise [1, k, k, channels]."""
    k = operator.kernel
    return (
        (1, k, k, operator.in_channels)
        if operator.kind == "depthwise"
        else (operator.out_channels, k, k, operator.in_channels)
    )


class _Graph:
    """Collects tensors and operators, then writes them out; flatbuffers wants children before parents."""

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers
        self.builder = flatbuffers.Builder(1 << 16)
        self.kinds: list[str] = []
        self.tensors: list[int] = []
        self.operators: list[int] = []
        self.scales: list[Scale | None] = []
        self.input = 0
        Buffer.Start(self.builder)  # buffer 0 is the empty one, by convention
        self.buffers = [Buffer.End(self.builder)]

    def activation(self, height: int, width: int, channels: int, scale: Scale | None) -> int:
        return self._tensor((1, height, width, channels), self.numbers.dtype, scale, None)

    def add(self, operator: Operator, tensor: int, block_input: int) -> int:
        """Append the operator behind `tensor`; the index of its output."""
        scale = self.scales[tensor]
        inputs = [tensor]
        if operator.weights:
            inputs += [self._constant(each) for each in self.numbers.parameters(operator, scale)]
        elif operator.kind in TWO_INPUTS:
            inputs.append(block_input)
        elif operator.kind == "mean":
            inputs.append(self._constant(Constant(np.array([1, 2], np.int32))))
        elif operator.kind == "resize":
            size = np.array([operator.out_height, operator.out_width], np.int32)
            inputs.append(self._constant(Constant(size)))
        out_scale = self.numbers.output_scale(operator, scale)
        output = self.activation(operator.out_height, operator.out_width, operator.out_channels, out_scale)
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
        signatures = self._offsets([self._signature(output)]) if self.numbers.signature else None
        Model.Start(builder)
        Model.AddVersion(builder, 3)
        Model.AddOperatorCodes(builder, codes)
        Model.AddSubgraphs(builder, subgraphs)
        Model.AddBuffers(builder, buffers)
        if signatures is not None:
            Model.AddSignatureDefs(builder, signatures)
        builder.Finish(Model.End(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def _signature(self, output: int) -> int:
        key = self.builder.CreateString(SIGNATURE)
        ends = []
        for name, tensor in ((INPUT, self.input), (OUTPUT, output)):
            label = self.builder.CreateString(name)
            TensorMap.Start(self.builder)
            TensorMap.AddName(self.builder, label)
            TensorMap.AddTensorIndex(self.builder, tensor)
            ends.append(self._offsets([TensorMap.End(self.builder)]))
        SignatureDef.Start(self.builder)
        SignatureDef.AddInputs(self.builder, ends[0])
        SignatureDef.AddOutputs(self.builder, ends[1])
        SignatureDef.AddSignatureKey(self.builder, key)
        return SignatureDef.End(self.builder)

    def _constant(self, constant: Constant) -> int:
        return self._tensor(constant.data.shape, constant.data.dtype.name, constant.scale, constant.data)

    def _tensor(self, shape: tuple[int, ...], dtype: str, scale: Scale | None, data: np.ndarray | None) -> int:
        builder = self.builder
        buffer = 0
        if data is not None:
            vector = self._bytes(data)
            Buffer.Start(builder)
            Buffer.AddData(builder, vector)
            self.buffers.append(Buffer.End(builder))
            buffer = len(self.buffers) - 1
        quantization = None if scale is None else self._quantization(*scale)
        name = builder.CreateString(f"tensor{len(self.tensors)}")
        dimensions = builder.CreateNumpyVector(np.array(shape, np.int32))
        Tensor.Start(builder)
        Tensor.AddShape(builder, dimensions)
        Tensor.AddType(builder, _TYPES[dtype])
        Tensor.AddBuffer(builder, buffer)
        Tensor.AddName(builder, name)
        if quantization is not None:
            Tensor.AddQuantization(builder, quantization)
        self.tensors.append(Tensor.End(builder))
        self.scales.append(scale)
        return len(self.tensors) - 1

    def _bytes(self, data: np.ndarray) -> int:
        content = np.ascontiguousarray(data).reshape(-1).view(np.uint8)
        if data.dtype != np.float32:
            return self.builder.CreateNumpyVector(content)
        # float kernels read the numbers where they lie in the file
        self.builder.StartVector(1, len(content), _ALIGNMENT)
        self.builder.head -= len(content)
        self.builder.Bytes[self.builder.head : self.builder.head + len(content)] = content.tobytes()
        return self.builder.EndVector()

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
