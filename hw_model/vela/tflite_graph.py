"""A network of blocks as a .tflite file, written with the schema classes that Vela ships, so without TensorFlow.

What numbers it holds is said by a `Numbers`: drawn int8 ones (hw_model.vela.tflite_writer) or trained float ones
(hw_model.vela.tflite_float).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import flatbuffers
import numpy as np
from ethosu.vela.tflite import (
    Buffer,
    Model,
    OperatorCode,
    QuantizationParameters,
    SignatureDef,
    SubGraph,
    Tensor,
    TensorMap,
)
from ethosu.vela.tflite import Operator as OperatorTable
from ethosu.vela.tflite.TensorType import TensorType

from hw_model.blocks import NETWORK_INPUT, Block, added, check_network, outputs, sources
from hw_model.errors import HardwareInputError
from hw_model.kinds import TWO_INPUTS
from hw_model.operators import Operator, block_operators
from hw_model.vela.tflite_options import CODES, reshaped, write_options

_WEIGHTED = ("conv", "depthwise", "dense")
_ALIGNMENT = 16  # bytes, as the format's schema asks of buffers
_TYPES = {"int8": TensorType.INT8, "int32": TensorType.INT32, "float32": TensorType.FLOAT32}

MOST_WEIGHTS = 1 << 28
"""Of a network that is written: files of 2 GiB and more cannot be, and compiling one takes minutes and gigabytes."""
MOST_VALUES = (1 << 31) - 1
"""Of a tensor: the format counts in int32."""

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


def write_network(blocks: Sequence[Block], numbers: Numbers) -> bytes:
    """The network as the bytes of a .tflite file: one tensor [1, H, W, C] in, one out for each block that none takes.

    Raises HardwareInputError when a block is not allowed or does not fit those that it takes, and for a network of more
    than MOST_WEIGHTS weights or with a tensor of more than MOST_VALUES values.
    """
    check_network(blocks)
    _check_size(blocks)
    graph = _Graph(numbers)
    graph.input = graph.activation(blocks[0].height, blocks[0].width, blocks[0].in_channels, numbers.input_scale())
    tensors = {NETWORK_INPUT: graph.input}
    for position, block in enumerate(blocks):
        numbers.start(block)
        taken, other = [tensors[place] for place in sources(block, position)], added(block)
        block_input = tensor = taken[0]
        operators = block_operators(block)
        for place, operator in enumerate(operators):
            adds = place == len(operators) - 1
            joins = operator.kind == "concat"
            second = block_input if other is None or not adds else tensors[other]
            tensor = graph.add(operator, taken if joins else [tensor], second)
            block_input = tensor if joins else block_input
        tensors[position] = tensor
    return graph.finish([tensors[position] for position in outputs(blocks)])


def _check_size(blocks: Sequence[Block]) -> None:
    weights = 0
    for position, block in enumerate(blocks):
        for operator in block_operators(block):
            values = operator.out_height * operator.out_width * operator.out_channels
            if values > MOST_VALUES:
                raise HardwareInputError(
                    f"block {position} ({block.kind}) has a tensor of {values:,} values; allowed in a .tflite file: up "
                    f"to {MOST_VALUES:,}"
                )
            weights += math.prod(weights_shape(operator)) if operator.kind in _WEIGHTED else 0
    if weights > MOST_WEIGHTS:
        raise HardwareInputError(
            f"the network has {weights:,} weights; allowed in a .tflite file that is written here: up to "
            f"{MOST_WEIGHTS:,}"
        )


def weights_shape(operator: Operator) -> tuple[int, ...]:
    """In the layout of the format: of a conv [out, k, k, in], a depthwise [1, k, k, channels], a dense [out, in]."""
    if operator.kind == "dense":
        return operator.out_channels, operator.in_channels
    if operator.kind == "depthwise":
        return 1, *operator.window, operator.in_channels
    return operator.out_channels, *operator.window, operator.in_channels


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

    def add(self, operator: Operator, tensors: Sequence[int], second: int) -> int:
        """Append the operator behind `tensors`, and `second` where it takes another; the index of its output."""
        scale = self.scales[tensors[0]]
        inputs = [*tensors]
        if operator.weights:
            inputs += [self._constant(each) for each in self.numbers.parameters(operator, scale)]
        elif operator.kind in TWO_INPUTS:
            inputs.append(second)
        elif operator.kind == "mean":
            inputs.append(self._constant(Constant(np.array([1, 2], np.int32))))
        elif operator.kind == "reshape":
            inputs.append(self._constant(Constant(reshaped(operator))))
        elif operator.kind == "resize":
            size = np.array([operator.out_height, operator.out_width], np.int32)
            inputs.append(self._constant(Constant(size)))
        out_scale = self.numbers.output_scale(operator, scale)
        output = self.activation(operator.out_height, operator.out_width, operator.out_channels, out_scale)
        self._operator(operator, inputs, output)
        return output

    def finish(self, results: Sequence[int]) -> bytes:
        builder = self.builder
        inputs = builder.CreateNumpyVector(np.array([self.input], np.int32))
        outputs = builder.CreateNumpyVector(np.array(results, np.int32))
        tensors, operators = self._offsets(self.tensors), self._offsets(self.operators)
        SubGraph.Start(builder)
        SubGraph.AddTensors(builder, tensors)
        SubGraph.AddInputs(builder, inputs)
        SubGraph.AddOutputs(builder, outputs)
        SubGraph.AddOperators(builder, operators)
        subgraphs = self._offsets([SubGraph.End(builder)])
        codes = self._offsets([self._code(kind) for kind in self.kinds])
        buffers = self._offsets(self.buffers)
        signatures = self._offsets([self._signature(results[0])]) if self.numbers.signature else None
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
        options_type, options = write_options(builder, operator)
        input_vector = builder.CreateNumpyVector(np.array(inputs, np.int32))
        output_vector = builder.CreateNumpyVector(np.array([output], np.int32))
        OperatorTable.Start(builder)
        OperatorTable.AddOpcodeIndex(builder, self.kinds.index(operator.kind))
        OperatorTable.AddInputs(builder, input_vector)
        OperatorTable.AddOutputs(builder, output_vector)
        OperatorTable.AddBuiltinOptionsType(builder, options_type)
        OperatorTable.AddBuiltinOptions(builder, options)
        self.operators.append(OperatorTable.End(builder))

    def _code(self, kind: str) -> int:
        OperatorCode.Start(self.builder)
        OperatorCode.AddDeprecatedBuiltinCode(self.builder, CODES[kind])
        OperatorCode.AddBuiltinCode(self.builder, CODES[kind])
        OperatorCode.AddVersion(self.builder, 1)
        return OperatorCode.End(self.builder)

    def _offsets(self, offsets: list[int]) -> int:
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return self.builder.EndVector()
