"""Published networks as int8 .tflite bytes, beyond what a chain of blocks can say: their shapes, random weights."""

from tests.hw_model.tflite_builder import Graph


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
