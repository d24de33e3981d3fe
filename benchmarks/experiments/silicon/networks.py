"""The networks that were measured, built from their published shapes, weights apart.

ReLU6 stands for every activation: which of them follows a convolution hardly changes what it costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from hw_model.blocks import Block
from hw_model.network_file import EXAMPLES, load_network, parse_network

Blocks = tuple[Block, ...]
Entry = dict[str, Any]

_V3_LARGE = (
    # kernel, hidden channels, channels, channels of the squeeze (none: 0), stride
    *((3, 16, 16, 0, 1), (3, 64, 24, 0, 2), (3, 72, 24, 0, 1), (5, 72, 40, 24, 2), (5, 120, 40, 32, 1)),
    *((5, 120, 40, 32, 1), (3, 240, 80, 0, 2), (3, 200, 80, 0, 1), (3, 184, 80, 0, 1), (3, 184, 80, 0, 1)),
    *(
        (3, 480, 112, 120, 1),
        (3, 672, 112, 168, 1),
        (5, 672, 160, 168, 2),
        (5, 960, 160, 240, 1),
        (5, 960, 160, 240, 1),
    ),
)
"""arXiv:1905.02244, table 1; squeezes as torchvision makes them, a quarter in multiples of eight."""


def _conv(channels: int, kernel: int | list[int] = 3, stride: int | list[int] = 1, **more: Any) -> Entry:
    return {"kind": "conv", "channels": channels, "kernel": kernel, "stride": stride, **more}


def _linear(channels: int, stride: int = 1, **more: Any) -> Entry:
    return _conv(channels, 1, stride, activation=False, **more)


def _dense(channels: int, activation: bool = False) -> Entry:
    return {"kind": "dense", "channels": channels, "activation": activation}


def _network(shape: tuple[int, int, int], *entries: Entry) -> Blocks:
    return parse_network({"input": [*shape], "blocks": [*entries]}).blocks


def _mobilenet_v1(side: int, classes: int) -> Blocks:
    """MobileNetV1 (arXiv:1704.04861) of a quarter of its width."""
    shapes = ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1))
    layers = [_conv(8, stride=2)]
    for channels, stride in shapes:
        layers += [{"kind": "depthwise", "stride": stride}, _conv(channels, 1)]
    return _network((side, side, 3), *layers, {"kind": "global_pool"}, _conv(classes, 1, activation=False))


def _efficientnet_lite0() -> Blocks:
    """EfficientNet-Lite0 (arXiv:1905.11946, without squeeze-and-excitation)."""
    stages = ((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5))
    layers = [_conv(32, stride=2)]
    for expansion, channels, count, stride, kernel in (*stages, (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)):
        one = {"kind": "ibn", "channels": channels, "expansion": expansion, "kernel": kernel}
        layers.append(one | {"stride": stride})
        layers += [one | {"residual": True}] * (count - 1)
    return _network((224, 224, 3), *layers, _conv(1280, 1), {"kind": "global_pool"}, _conv(1000, 1, activation=False))


def _ds_cnn() -> Blocks:
    """MLPerf Tiny's keyword spotter (arXiv:2106.07597)."""
    layers = [_conv(64, [10, 4], [2, 2]), *[{"kind": "depthwise"}, _conv(64, 1)] * 4]
    return _network((49, 10, 1), *layers, {"kind": "avg_pool", "kernel": [25, 5], "stride": [25, 5]}, _dense(12))


def _autoencoder() -> Blocks:
    """MLPerf Tiny's anomaly detector (arXiv:2106.07597)."""
    widths = (128, 128, 128, 128, 8, 128, 128, 128, 128)
    return _network((1, 1, 640), *[_dense(width, activation=True) for width in widths], _dense(640))


def _resnet8() -> Blocks:
    """MLPerf Tiny's image classifier (arXiv:2106.07597)."""
    layers = [_conv(16, name="0"), _conv(16), _conv(16, add="0", name="1")]
    for stage, channels in ((1, 32), (2, 64)):
        layers += [
            _linear(channels, 2, name=f"short {stage}"),
            _conv(channels, stride=2) | {"from": str(stage)},
            _conv(channels, add=f"short {stage}", name=str(stage + 1)),
        ]
    return _network((32, 32, 3), *layers, {"kind": "avg_pool", "kernel": 8, "stride": 8}, _dense(10))


def _resnet50() -> Blocks:
    """ResNet-50 (arXiv:1512.03385) with the stride in its 3 x 3 convolutions, as torchvision has it."""
    layers = [_conv(64, 7, 2), {"kind": "max_pool", "kernel": 3, "stride": 2, "name": "start"}]
    before = "start"
    for stage, (width, count) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for layer in range(count):
            stride = 2 if stage and layer == 0 else 1
            name, short = f"{stage} {layer}", f"short {stage}"
            if layer == 0:
                layers.append(_linear(4 * width, stride, name=short) | {"from": before})
            layers += [
                _conv(width, 1) | {"from": before},
                _conv(width, 3, stride),
                _conv(4 * width, 1, add=short if layer == 0 else before, name=name),
            ]
            before = name
    return _network((224, 224, 3), *layers, {"kind": "global_pool"}, _dense(1000))


def _resnet50_v2() -> Blocks:
    """ResNet-50 V2 (arXiv:1603.05027) as Keras has it, with its strides in the last block of a stage.

    The scaling before each block, which cannot be folded into a convolution, is left out.
    """
    layers = [_conv(64, 7, 2, activation=False), {"kind": "max_pool", "kernel": 3, "stride": 2, "name": "start"}]
    before = "start"
    for stage, (width, count) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for layer in range(count):
            stride = 2 if layer == count - 1 and stage < 3 else 1
            name, short = f"{stage} {layer}", before
            if layer == 0:
                short = f"short {stage}"
                layers.append(_linear(4 * width, name=short) | {"from": before})
            elif stride > 1:
                short = f"pooled {stage}"
                layers.append({"kind": "max_pool", "kernel": 1, "stride": 2, "name": short, "from": before})
            layers += [
                _conv(width, 1) | {"from": before},
                _conv(width, 3, stride),
                _conv(4 * width, 1, add=short, name=name),
            ]
            before = name
    return _network((224, 224, 3), *layers, {"kind": "global_pool"}, _dense(1000))


def _mobilenet_v3_large() -> Blocks:
    """MobileNetV3-Large (arXiv:1905.02244), ReLU6 for hard swish."""
    layers, given = [_conv(16, stride=2, name="0")], 16
    for place, (kernel, hidden, channels, squeeze, stride) in enumerate(_V3_LARGE):
        adds = {"add": str(place)} if stride == 1 and given == channels else {}
        layers += [] if hidden == given else [_conv(hidden, 1)]
        layers.append({"kind": "depthwise", "kernel": kernel, "stride": stride})
        layers += [{"kind": "squeeze_excite", "hidden": squeeze}] if squeeze else []
        layers.append(_linear(channels, name=str(place + 1)) | adds)
        given = channels
    tail = [_conv(960, 1), {"kind": "global_pool"}, _dense(1280, activation=True), _dense(1000)]
    return _network((224, 224, 3), *layers, *tail)


NETWORKS: Mapping[str, Callable[[], Blocks]] = MappingProxyType(
    {
        "mobilenet_v2": lambda: load_network(EXAMPLES / "mobilenet_v2_100.json").blocks,
        "efficientnet_lite0": _efficientnet_lite0,
        "resnet50": _resnet50,
        "resnet50_v2": _resnet50_v2,
        "mobilenet_v1_025_128": lambda: _mobilenet_v1(128, 1001),
        "wake_words": lambda: _mobilenet_v1(96, 2),
        "resnet8": _resnet8,
        "ds_cnn": _ds_cnn,
        "autoencoder": _autoencoder,
        "mobilenet_v3_large": _mobilenet_v3_large,
    }
)
"""By the names that measurements use."""
