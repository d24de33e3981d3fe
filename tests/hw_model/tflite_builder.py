"""Int8 .tflite files that are put together operator by operator, with random weights."""

import flatbuffers
import numpy as np
from ethosu.vela.tflite import (
    AddOptions,
    Buffer,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    Model,
    MulOptions,
    Operator,
    OperatorCode,
    Pool2DOptions,
    QuantizationParameters,
    ReducerOptions,
    ReshapeOptions,
    ResizeNearestNeighborOptions,
    SoftmaxOptions,
    SubGraph,
    Tensor,
)
from ethosu.vela.tflite.ActivationFunctionType import ActivationFunctionType
from ethosu.vela.tflite.BuiltinOperator import BuiltinOperator
from ethosu.vela.tflite.BuiltinOptions import BuiltinOptions
from ethosu.vela.tflite.Padding import Padding
from ethosu.vela.tflite.TensorType import TensorType


class Graph:
    """Tensors and operators of a file; each method appends an operator and gives its output's number."""

    def __init__(self, *shape, seed=0):
        self.b, self.random = flatbuffers.Builder(1 << 16), np.random.default_rng(seed)
        Buffer.Start(self.b)
        self.buffers, self.tensors, self.shapes, self.operators, self.codes = [Buffer.End(self.b)], [], [], [], []
        self.input = self.tensor((1, *shape))

    def tensor(self, shape, data=None, kind=TensorType.INT8, scale=0.05):
        b, buffer = self.b, 0
        if data is not None:
            vector = b.CreateNumpyVector(np.frombuffer(data.tobytes(), np.uint8))
            Buffer.Start(b)
            Buffer.AddData(b, vector)
            self.buffers.append(Buffer.End(b))
            buffer = len(self.buffers) - 1
        scales, zeros = b.CreateNumpyVector(np.array([scale], np.float32)), b.CreateNumpyVector(np.zeros(1, np.int64))
        QuantizationParameters.Start(b)
        QuantizationParameters.AddScale(b, scales)
        QuantizationParameters.AddZeroPoint(b, zeros)
        quantization = QuantizationParameters.End(b)
        name, sizes = b.CreateString(f"t{len(self.tensors)}"), b.CreateNumpyVector(np.array(shape, np.int32))
        Tensor.Start(b)
        Tensor.AddShape(b, sizes)
        Tensor.AddType(b, kind)
        Tensor.AddBuffer(b, buffer)
        Tensor.AddName(b, name)
        Tensor.AddQuantization(b, quantization)
        self.tensors.append(Tensor.End(b))
        self.shapes.append(tuple(shape))
        return len(self.tensors) - 1

    def operator(self, name, inputs, shape, options=None, scale=0.05, **fields):
        code = getattr(BuiltinOperator, name)
        output, kind, made, b = self.tensor(shape, scale=scale), 0, None, self.b
        if options is not None:
            vectors = {
                key: b.CreateNumpyVector(value) for key, value in fields.items() if isinstance(value, np.ndarray)
            }
            options.Start(b)
            for key, value in (fields | vectors).items():
                getattr(options, f"Add{key}")(b, value)
            made, kind = options.End(b), getattr(BuiltinOptions, options.__name__.rsplit(".", 1)[-1])
        if code not in self.codes:
            self.codes.append(code)
        ins, outs = (b.CreateNumpyVector(np.array(numbers, np.int32)) for numbers in (inputs, [output]))
        Operator.Start(b)
        Operator.AddOpcodeIndex(b, self.codes.index(code))
        Operator.AddInputs(b, ins)
        Operator.AddOutputs(b, outs)
        if made is not None:
            Operator.AddBuiltinOptionsType(b, kind)
            Operator.AddBuiltinOptions(b, made)
        self.operators.append(Operator.End(b))
        return output

    def constant(self, values):
        return self.tensor(values.shape, values, TensorType.INT32)

    def _weights(self, shape, outputs):
        values = np.clip(np.round(self.random.normal(0, 25, shape)), -127, 127).astype(np.int8)
        return [self.tensor(shape, values, scale=0.01), self.constant(np.zeros(outputs, np.int32))]

    def conv(self, x, channels, kernel=(3, 3), stride=(1, 1), relu=True, valid=False, groups=1, dilation=(1, 1)):
        _, h, w, c = self.shapes[x]
        size = [-(-(n - k + 1 if valid else n) // s) for n, k, s in zip((h, w), kernel, stride, strict=True)]
        weights = self._weights((channels, *kernel, c // groups), channels)
        fields = _window(stride, relu, valid) | _dilated(dilation)
        return self.operator("CONV_2D", [x, *weights], (1, *size, channels), Conv2DOptions, **fields)

    def depthwise(self, x, kernel=(3, 3), stride=(1, 1), dilation=(1, 1)):
        _, h, w, c = self.shapes[x]
        shape = (1, -(-h // stride[0]), -(-w // stride[1]), c)
        weights = self._weights((1, *kernel, c), c)
        fields = _window(stride, True, False) | {"DepthMultiplier": 1} | _dilated(dilation)
        return self.operator("DEPTHWISE_CONV_2D", [x, *weights], shape, DepthwiseConv2DOptions, **fields)

    def pool(self, x, name, kernel, stride):
        _, h, w, c = self.shapes[x]
        shape = (1, -(-h // stride[0]), -(-w // stride[1]), c)
        fields = _window(stride, False, False) | {"FilterHeight": kernel[0], "FilterWidth": kernel[1]}
        return self.operator(name, [x], shape, Pool2DOptions, **fields)

    def pad(self, x, height, width, channels=0):
        """By so many at both ends."""
        by = np.array([0, height, width, channels], np.int32)
        shape = tuple(np.array(self.shapes[x]) + 2 * by)
        return self.operator("PAD", [x, self.constant(np.stack([by, by], axis=1))], shape)

    def mean(self, x):
        axes = self.constant(np.array([1, 2], np.int32))
        return self.operator("MEAN", [x, axes], (1, 1, 1, self.shapes[x][3]), ReducerOptions, KeepDims=True)

    def dense(self, x, outputs, relu=False):
        flat = int(np.prod(self.shapes[x]))
        if len(self.shapes[x]) > 2:
            shape = np.array([1, flat], np.int32)
            x = self.operator("RESHAPE", [x, self.constant(shape)], (1, flat), ReshapeOptions, NewShape=shape)
        weights = self._weights((outputs, flat), outputs)
        activation = ActivationFunctionType.RELU if relu else ActivationFunctionType.NONE
        fields = {"FusedActivationFunction": activation}
        return self.operator("FULLY_CONNECTED", [x, *weights], (1, outputs), FullyConnectedOptions, **fields)

    def add(self, x, y):
        return self.operator("ADD", [x, y], self.shapes[x], AddOptions)

    def squeeze_excite(self, x, channels):
        gate = self.conv(self.conv(self.mean(x), channels, (1, 1)), self.shapes[x][3], (1, 1), relu=False)
        gate = self.operator("LOGISTIC", [gate], self.shapes[gate], scale=1 / 256)
        return self.operator("MUL", [x, gate], self.shapes[x], MulOptions)

    def concat(self, *parts):
        shape = (*self.shapes[parts[0]][:3], sum(self.shapes[part][3] for part in parts))
        return self.operator("CONCATENATION", list(parts), shape, ConcatenationOptions, Axis=3)

    def upsample(self, x):
        _, h, w, c = self.shapes[x]
        size = self.constant(np.array([2 * h, 2 * w], np.int32))
        return self.operator("RESIZE_NEAREST_NEIGHBOR", [x, size], (1, 2 * h, 2 * w, c), ResizeNearestNeighborOptions)

    def bottleneck(self, x, expansion, channels, kernel=3, stride=1, squeeze=0):
        """An inverted bottleneck of any number of hidden channels, with its addition where shapes allow."""
        hidden = self.depthwise(self.conv(x, expansion, (1, 1)), (kernel, kernel), (stride, stride))
        if squeeze:
            hidden = self.squeeze_excite(hidden, squeeze)
        y = self.conv(hidden, channels, (1, 1), relu=False)
        return self.add(x, y) if self.shapes[x] == self.shapes[y] else y

    def softmax(self, x):
        return self.operator("SOFTMAX", [x], self.shapes[x], SoftmaxOptions, scale=1 / 256, Beta=1.0)

    def finish(self, *outputs):
        b = self.b

        def vector(numbers):
            b.StartVector(4, len(numbers), 4)
            for number in reversed(numbers):
                b.PrependUOffsetTRelative(number)
            return b.EndVector()

        ins, outs = (b.CreateNumpyVector(np.array(numbers, np.int32)) for numbers in ([self.input], outputs))
        tensors, operators = vector(self.tensors), vector(self.operators)
        SubGraph.Start(b)
        SubGraph.AddTensors(b, tensors)
        SubGraph.AddInputs(b, ins)
        SubGraph.AddOutputs(b, outs)
        SubGraph.AddOperators(b, operators)
        subgraphs = vector([SubGraph.End(b)])
        codes = []
        for code in self.codes:
            OperatorCode.Start(b)
            OperatorCode.AddDeprecatedBuiltinCode(b, code)
            OperatorCode.AddBuiltinCode(b, code)
            OperatorCode.AddVersion(b, 1)
            codes.append(OperatorCode.End(b))
        codes, buffers = vector(codes), vector(self.buffers)
        Model.Start(b)
        Model.AddVersion(b, 3)
        Model.AddOperatorCodes(b, codes)
        Model.AddSubgraphs(b, subgraphs)
        Model.AddBuffers(b, buffers)
        b.Finish(Model.End(b), file_identifier=b"TFL3")
        return bytes(b.Output())


def _window(stride, relu, valid):
    activation = ActivationFunctionType.RELU if relu else ActivationFunctionType.NONE
    padding = Padding.VALID if valid else Padding.SAME
    return {"Padding": padding, "StrideH": stride[0], "StrideW": stride[1], "FusedActivationFunction": activation}


def _dilated(by):
    return {"DilationHFactor": by[0], "DilationWFactor": by[1]}
