"""Published networks as int8 .tflite bytes, beyond what a chain of blocks can say: their shapes, random weights."""

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


def resnet8():
    """MLPerf Tiny's image classifier: residuals over two convolutions, projections, average pooling, a dense layer."""
    g = Graph(32, 32, 3)
    x = g.conv(g.input, 16)
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        y = g.conv(g.conv(x, channels, stride=(stride, stride)), channels, relu=False)
        x = g.add(y, x if stride == 1 else g.conv(x, channels, (1, 1), (2, 2), relu=False))
    x = g.pool(x, "AVERAGE_POOL_2D", (8, 8), (8, 8))
    return g.finish(g.softmax(g.dense(x, 10)))


def ds_cnn():
    """MLPerf Tiny's keyword spotter: a 10 x 4 kernel."""
    g = Graph(49, 10, 1)
    x = g.conv(g.input, 64, (10, 4), (2, 2))
    for _ in range(4):
        x = g.conv(g.depthwise(x), 64, (1, 1))
    x = g.pool(x, "AVERAGE_POOL_2D", (25, 5), (25, 5))
    return g.finish(g.softmax(g.dense(x, 12)))


def wake_words():
    """MLPerf Tiny's person detector: MobileNetV1 .25 at 96."""
    g = Graph(96, 96, 3)
    x = g.conv(g.input, 8, stride=(2, 2))
    for channels, stride in (
        (16, 1),
        (32, 2),
        (32, 1),
        (64, 2),
        (64, 1),
        (128, 2),
        *[(128, 1)] * 5,
        (256, 2),
        (256, 1),
    ):
        x = g.conv(g.depthwise(x, stride=(stride, stride)), channels, (1, 1))
    return g.finish(g.softmax(g.dense(g.pool(x, "AVERAGE_POOL_2D", (3, 3), (3, 3)), 2)))


def autoencoder():
    """MLPerf Tiny's anomaly detector: dense layers."""
    g = Graph(640)
    x = g.input
    for width in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = g.dense(x, width, relu=True)
    return g.finish(g.dense(x, 640))


def mobilenet_v3_small():
    """The first blocks of MobileNetV3-Small at 96, with squeeze-and-excitation and its own hidden channels."""
    g = Graph(96, 96, 3)
    x = g.conv(g.input, 16, stride=(2, 2))
    for expansion, channels, kernel, stride, squeeze in (
        (16, 16, 3, 2, 8), (72, 24, 3, 2, 0), (88, 24, 3, 1, 0), (96, 40, 5, 2, 24), (240, 40, 5, 1, 64),
        (120, 48, 5, 1, 32), (288, 96, 5, 2, 72),
    ):  # fmt: skip
        x = g.bottleneck(x, expansion, channels, kernel, stride, squeeze)
    return g.finish(g.dense(g.mean(x), 100))


def mobilenet_v2():
    """MobileNetV2 .35 at 96."""
    return _bottlenecks(
        96,
        16,
        [(1, 8, 1, 1, 3), (6, 8, 2, 2, 3), (6, 16, 3, 2, 3), (6, 24, 4, 2, 3), (6, 32, 3, 1, 3), (6, 56, 3, 2, 3)],
    )


def efficientnet_lite0():
    """EfficientNet-Lite0 at 64."""
    return _bottlenecks(
        64, 32, [(1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5)]
    )


def mcunet():
    """Like MCUNet's: kernels of 7, at 80."""
    return _bottlenecks(
        80, 16, [(1, 8, 1, 1, 3), (3, 16, 2, 2, 7), (5, 24, 3, 2, 7), (6, 40, 2, 2, 7), (4, 48, 2, 1, 5)]
    )


def _bottlenecks(side, stem, stages):
    """Stages of expansion, channels, layers, stride and kernel."""
    g = Graph(side, side, 3)
    x = g.conv(g.input, stem, stride=(2, 2))
    for expansion, channels, layers, stride, kernel in stages:
        for layer in range(layers):
            x = g.bottleneck(x, expansion * g.shapes[x][3], channels, kernel, stride if layer == 0 else 1)
    return g.finish(g.dense(g.mean(x), 10))


def u_net():
    """A U-Net of two steps at 64: skips that are concatenated."""
    g = Graph(64, 64, 3)
    skips, x = [], g.input
    for channels in (8, 16):
        x = g.conv(g.conv(x, channels), channels)
        skips.append(x)
        x = g.pool(x, "MAX_POOL_2D", (2, 2), (2, 2))
    x = g.conv(x, 32)
    for channels, skip in zip((16, 8), reversed(skips), strict=True):
        x = g.conv(g.concat(g.upsample(x), skip), channels)
    return g.finish(g.conv(x, 3, (1, 1), relu=False))


def ssd():
    """A small backbone with two SSD heads: several outputs."""
    g = Graph(96, 96, 3)
    x, outputs = g.conv(g.input, 16, stride=(2, 2)), []
    for channels, stride in ((24, 2), (32, 2), (64, 2)):
        x = g.bottleneck(x, 4 * g.shapes[x][3], channels, 3, stride)
        if channels > 24:
            outputs += [g.conv(g.depthwise(x), 12, (1, 1), relu=False), g.conv(g.depthwise(x), 24, (1, 1), relu=False)]
    return g.finish(*outputs)


def with_cpu_operators():
    """Two operators that no Ethos-U has between convolutions."""
    g = Graph(16, 16, 3)
    x = g.conv(g.input, 8, (1, 3), (2, 1))
    for _ in range(2):
        x = g.operator("FLOOR", [x], g.shapes[x])
    return g.finish(g.conv(x, 4, (3, 1), valid=True))


def of_cpu_operators():
    """Nothing that any Ethos-U has."""
    g = Graph(16, 16, 3)
    return g.finish(g.operator("FLOOR", [g.input], g.shapes[g.input]))


_ALL = (
    resnet8,
    ds_cnn,
    wake_words,
    autoencoder,
    mobilenet_v2,
    mobilenet_v3_small,
    efficientnet_lite0,
    mcunet,
    u_net,
    ssd,
)
GRAPHS = {made.__name__: made for made in _ALL}
