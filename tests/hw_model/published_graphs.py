"""Published networks in the JSON that people write, small where the shapes allow it.

Each function gives the content of a file; `GRAPHS` holds them by name.
"""


def conv(channels, kernel=3, stride=1, **more):
    return {"kind": "conv", "channels": channels, "kernel": kernel, "stride": stride, **more}


def linear(channels, kernel=1, stride=1, **more):
    return conv(channels, kernel, stride, activation=False, **more)


def depthwise(kernel=3, stride=1, **more):
    return {"kind": "depthwise", "kernel": kernel, "stride": stride, **more}


def bottleneck(channels, hidden, kernel=3, stride=1, residual=False):
    return {
        **{"kind": "ibn", "channels": channels, "hidden": hidden, "kernel": kernel, "stride": stride},
        "residual": residual,
    }


def dense(channels, **more):
    return {"kind": "dense", "channels": channels, "activation": False, **more}


def ds_cnn():
    """MLPerf Tiny's keyword spotter (arXiv:2106.07597): a window of 10 x 4."""
    layers = [conv(64, [10, 4], [2, 2])]
    layers += [{"kind": "depthwise"}, conv(64, 1)] * 4
    return network([49, 10, 1], *layers, {"kind": "avg_pool", "kernel": [25, 5], "stride": [25, 5]}, dense(12))


def wake_words(side=96, classes=2):
    """MLPerf Tiny's person detector: MobileNetV1 (arXiv:1704.04861) of a quarter of its width."""
    shapes = [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1)]
    layers = [conv(8, stride=2)]
    for channels, stride in shapes:
        layers += [depthwise(stride=stride), conv(channels, 1)]
    last = side // 32
    return network([side, side, 3], *layers, {"kind": "avg_pool", "kernel": last, "stride": last}, dense(classes))


def resnet8():
    """MLPerf Tiny's image classifier: an addition over two convolutions, projected where shapes change."""
    layers = [conv(16, name="0"), conv(16), conv(16, add="0", name="1")]
    for stage, channels in (("1", 32), ("2", 64)):
        layers += [
            linear(channels, stride=2, name=f"short {stage}"),
            conv(channels, stride=2, **{"from": stage}),
            conv(channels, add=f"short {stage}", name=str(int(stage) + 1)),
        ]
    return network([32, 32, 3], *layers, {"kind": "avg_pool", "kernel": 8, "stride": 8}, dense(10))


def autoencoder():
    """MLPerf Tiny's anomaly detector: dense layers alone."""
    widths = (128, 128, 128, 128, 8, 128, 128, 128, 128)
    return network([1, 1, 640], *[{"kind": "dense", "channels": width} for width in widths], dense(640))


def mobilenet_v1():
    """MobileNetV1 (arXiv:1704.04861) .25 at 128, as an image classifier."""
    return wake_words(128, 100)


def mobilenet_v2():
    """MobileNetV2 (arXiv:1801.04381) .35 at 96: its hidden channels come from widths that rounding has changed."""
    layers, given = [conv(16, stride=2)], 16
    for expansion, channels, count, stride in (
        (1, 8, 1, 1), (6, 8, 2, 2), (6, 16, 3, 2), (6, 24, 4, 2), (6, 32, 3, 1), (6, 56, 3, 2), (6, 112, 1, 1),
    ):  # fmt: skip
        for layer in range(count):
            adds = layer > 0 and given == channels
            layers.append(bottleneck(channels, expansion * given, stride=stride if layer == 0 else 1, residual=adds))
            given = channels
    return network([96, 96, 3], *layers, conv(1280, 1), {"kind": "global_pool"}, dense(10))


def mobilenet_v3_small():
    """MobileNetV3-Small's first half (arXiv:1905.02244, table 2) at 96, hard swish as ReLU6."""
    layers, given = [conv(16, stride=2, name="b0")], 16
    shapes = ((16, 16, 3, 2, 8), (72, 24, 3, 2, 0), (88, 24, 3, 1, 0), (96, 40, 5, 2, 24), (240, 40, 5, 1, 64))
    for place, (hidden, channels, kernel, stride, squeeze) in enumerate(shapes):
        adds = {"add": f"b{place}"} if stride == 1 and given == channels else {}
        if not squeeze:
            one = bottleneck(channels, hidden, kernel, stride, residual=bool(adds))
            layers.append(one | {"name": f"b{place + 1}"})
        else:
            layers += [] if hidden == given else [conv(hidden, 1)]
            layers += [depthwise(kernel, stride), {"kind": "squeeze_excite", "hidden": squeeze}]
            layers.append(linear(channels, name=f"b{place + 1}", **adds))
        given = channels
    return network([96, 96, 3], *layers, {"kind": "global_pool"}, dense(100))


def efficientnet_lite0():
    """EfficientNet-Lite0's first five stages (arXiv:1905.11946, without squeeze-and-excitation) at 64."""
    stages = [(1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5)]
    return _stages(64, 32, stages)


def mcunet():
    """Like MCUNet (arXiv:2007.10319): windows of 7, hidden channels of each block's own."""
    return _stages(80, 16, [(1, 8, 1, 1, 3), (3, 16, 2, 2, 7), (5, 24, 3, 2, 7), (6, 40, 2, 2, 7), (4, 48, 2, 1, 5)])


def u_net():
    """U-Net (arXiv:1505.04597) of two steps at 64: what the way down gives is joined on the way up."""
    pool = {"kind": "max_pool", "kernel": 2, "stride": 2}
    layers = [conv(8), conv(8, name="8"), pool, conv(16), conv(16, name="16"), pool, conv(32)]
    for channels in (16, 8):
        layers += [
            {"kind": "upsample", "name": f"up {channels}"},
            conv(channels, **_from(f"up {channels}", str(channels))),
        ]
    return network([64, 64, 3], *layers, linear(3))


def ssd():
    """A small backbone with SSD heads (arXiv:1512.02325) at two sizes: four outputs."""
    layers = [conv(16, stride=2), bottleneck(24, 64, stride=2)]
    for channels in (32, 64):
        at = f"at {channels}"
        layers.append(bottleneck(channels, 96, stride=2) | {"name": at} | ({} if channels == 32 else _from("at 32")))
        for outputs in (12, 24):
            layers += [depthwise() | _from(at), linear(outputs)]
    return network([96, 96, 3], *layers)


def _stages(side, stem, stages):
    """Of expansion, channels, layers, stride and kernel."""
    layers, given = [conv(stem, stride=2)], stem
    for expansion, channels, count, stride, kernel in stages:
        for layer in range(count):
            adds = layer > 0 and given == channels
            step = stride if layer == 0 else 1
            layers.append(bottleneck(channels, expansion * given, kernel, step, residual=adds))
            given = channels
    return network([side, side, 3], *layers, {"kind": "global_pool"}, dense(10))


def _from(*names):
    return {"from": [*names]}


def network(shape, *blocks):
    return {"input": shape, "blocks": [*blocks]}


GRAPHS = {
    made.__name__: made
    for made in (
        *(ds_cnn, wake_words, resnet8, autoencoder, mobilenet_v1, mobilenet_v2, mobilenet_v3_small),
        *(efficientnet_lite0, mcunet, u_net, ssd),
    )
}
