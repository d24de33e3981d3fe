"""Published architectures at several widths and input sizes, as far as chains of blocks can say them.

Squeeze-and-excitation, hard swish, branches and projection shortcuts are left out, and expansions are whole numbers, so
these are "like" the networks of the papers named at each.  No part of the estimator's fitting draws from here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hw_model.blocks import Block


@dataclass
class Builder:
    """A chain that grows, with the shape that its last block gives."""

    height: int
    """Pixels."""
    width: int
    """Pixels."""
    channels: int = 3
    """Channels."""
    blocks: list[Block] = field(default_factory=list)
    """So far."""

    def add(self, kind: str, channels: int | None = None, kernel: int = 3, stride: int = 1, **more: int | bool) -> None:
        """Append a block; it keeps the channels where none are given."""
        outputs = self.channels if channels is None else channels
        block = Block(kind, self.height, self.width, self.channels, outputs, kernel, stride, **more)  # pyright: ignore[reportArgumentType]
        self.blocks.append(block)
        self.height, self.width, self.channels = block.out_height, block.out_width, block.out_channels

    def bottlenecks(self, kind: str, expansion: int, channels: int, layers: int, stride: int, kernel: int) -> None:
        """A stage of inverted bottlenecks, the first with the stride."""
        for layer in range(layers):
            step = stride if layer == 0 else 1
            adds = step == 1 and self.channels == channels
            self.add(kind, channels, kernel, step, expansion=expansion, residual=adds)

    def classify(self, classes: int, features: int = 0) -> None:
        """A pointwise layer of so many features where there are any, the mean, a dense layer."""
        if features:
            self.add("conv", features, 1)
        self.add("global_pool", kernel=1)
        self.add("conv", classes, 1, activation=False)


def divisible(channels: float, step: int = 8) -> int:
    """MobileNets' rounding: the nearest multiple, never more than a tenth below."""
    rounded = max(step, int(channels + step / 2) // step * step)
    return rounded + step if rounded < 0.9 * channels else rounded


def mobilenet_v1(side: int, width: float, classes: int = 1000) -> tuple[Block, ...]:
    """MobileNetV1 (arXiv:1704.04861)."""
    chain = Builder(side, side)
    chain.add("conv", int(32 * width), 3, 2)
    layers = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
    for channels, stride in layers:
        chain.add("depthwise", stride=stride)
        chain.add("conv", int(channels * width), 1)
    chain.classify(classes)
    return tuple(chain.blocks)


def mobilenet_v2(side: int, width: float, classes: int = 1000) -> tuple[Block, ...]:
    """MobileNetV2 (arXiv:1801.04381)."""
    stages = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    chain = Builder(side, side)
    chain.add("conv", divisible(32 * width), 3, 2)
    for expansion, channels, layers, stride in stages:
        chain.bottlenecks("ibn", expansion, divisible(channels * width), layers, stride, 3)
    chain.classify(classes, max(1280, divisible(1280 * width)))
    return tuple(chain.blocks)


# kernel, expansion, channels, stride of each block
_V3_SMALL = [(3, 1, 16, 2), (3, 4, 24, 2), (3, 4, 24, 1), (5, 4, 40, 2), (5, 6, 40, 1), (5, 6, 40, 1), (5, 3, 48, 1)]
_V3_SMALL += [(5, 3, 48, 1), (5, 6, 96, 2), (5, 6, 96, 1), (5, 6, 96, 1)]
_V3_LARGE = [(3, 1, 16, 1), (3, 4, 24, 2), (3, 3, 24, 1), (5, 3, 40, 2), (5, 3, 40, 1), (5, 3, 40, 1), (3, 6, 80, 2)]
_V3_LARGE += [(3, 2, 80, 1), (3, 2, 80, 1), (3, 2, 80, 1), (3, 6, 112, 1), (3, 6, 112, 1), (5, 6, 160, 2)]
_V3_LARGE += [(5, 6, 160, 1), (5, 6, 160, 1)]


def mobilenet_v3(side: int, width: float, large: bool, classes: int = 1000) -> tuple[Block, ...]:
    """MobileNetV3 (arXiv:1905.02244) without squeeze-and-excitation, ReLU6 throughout."""
    chain = Builder(side, side)
    chain.add("conv", 16, 3, 2)
    for kernel, expansion, channels, stride in _V3_LARGE if large else _V3_SMALL:
        chain.bottlenecks("ibn", expansion, divisible(channels * width), 1, stride, kernel)
    chain.add("conv", 6 * chain.channels, 1)
    chain.add("global_pool", kernel=1)
    chain.add("conv", divisible((1280 if large else 1024) * width), 1)
    chain.add("conv", classes, 1, activation=False)
    return tuple(chain.blocks)


def efficientnet_lite(side: int, width: float = 1.0, deep: float = 1.0, classes: int = 1000) -> tuple[Block, ...]:
    """EfficientNet-Lite (arXiv:1905.11946, without squeeze-and-excitation)."""
    stages = [(1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5)]
    stages += [(6, 192, 4, 2, 5), (6, 320, 1, 1, 3)]
    chain = Builder(side, side)
    chain.add("conv", 32, 3, 2)
    for place, (expansion, channels, layers, stride, kernel) in enumerate(stages):
        repeats = layers if place in (0, len(stages) - 1) else -int(-layers * deep // 1)
        chain.bottlenecks("ibn", expansion, divisible(channels * width), repeats, stride, kernel)
    chain.classify(classes, 1280)
    return tuple(chain.blocks)


def mnasnet(side: int, width: float, classes: int = 1000) -> tuple[Block, ...]:
    """MnasNet-B1 (arXiv:1807.11626)."""
    stages = [
        (3, 24, 3, 2, 3),
        (3, 40, 3, 2, 5),
        (6, 80, 3, 2, 5),
        (6, 96, 2, 1, 3),
        (6, 192, 4, 2, 5),
        (6, 320, 1, 1, 3),
    ]
    chain = Builder(side, side)
    chain.add("conv", divisible(32 * width), 3, 2)
    chain.add("depthwise")
    chain.add("conv", divisible(16 * width), 1, activation=False)
    for expansion, channels, layers, stride, kernel in stages:
        chain.bottlenecks("ibn", expansion, divisible(channels * width), layers, stride, kernel)
    chain.classify(classes, 1280)
    return tuple(chain.blocks)


def proxyless_mobile(side: int, width: float, classes: int = 1000) -> tuple[Block, ...]:
    """ProxylessNAS-Mobile (arXiv:1812.00332)."""
    chain = Builder(side, side)
    chain.add("conv", divisible(32 * width), 3, 2)
    chain.bottlenecks("ibn", 1, divisible(16 * width), 1, 1, 3)
    blocks = [(5, 3, 32, 2), (3, 3, 32, 1), (7, 3, 40, 2), (3, 3, 40, 1), (5, 3, 40, 1), (5, 3, 40, 1), (7, 6, 80, 2)]
    blocks += [(5, 3, 80, 1), (5, 3, 80, 1), (5, 3, 80, 1), (5, 6, 96, 1), (5, 3, 96, 1), (5, 3, 96, 1), (5, 3, 96, 1)]
    blocks += [(7, 6, 192, 2), (7, 6, 192, 1), (7, 3, 192, 1), (7, 3, 192, 1), (7, 6, 320, 1)]
    for kernel, expansion, channels, stride in blocks:
        chain.bottlenecks("ibn", expansion, divisible(channels * width), 1, stride, kernel)
    chain.classify(classes, 1280)
    return tuple(chain.blocks)


def mcunet(side: int, width: float, classes: int) -> tuple[Block, ...]:
    """Like MCUNet's 320 kB network for ImageNet (arXiv:2007.10319): kernels of 3 to 7, expansions of 3 to 6."""
    chain = Builder(side, side)
    chain.add("conv", divisible(16 * width), 3, 2)
    chain.bottlenecks("ibn", 1, divisible(8 * width), 1, 1, 3)
    blocks = [(7, 3, 16, 2), (3, 6, 16, 1), (5, 5, 16, 1), (7, 5, 24, 2), (5, 4, 24, 1), (5, 5, 24, 1), (3, 5, 40, 2)]
    blocks += [(7, 6, 40, 1), (5, 5, 40, 1), (3, 4, 48, 1), (7, 5, 48, 1), (7, 6, 96, 2), (7, 3, 96, 1), (3, 4, 96, 1)]
    blocks += [(7, 3, 160, 1)]
    for kernel, expansion, channels, stride in blocks:
        chain.bottlenecks("ibn", expansion, divisible(channels * width), 1, stride, kernel)
    chain.classify(classes)
    return tuple(chain.blocks)


def ds_cnn(channels: int, layers: int, classes: int = 12, height: int = 49, width: int = 10) -> tuple[Block, ...]:
    """DS-CNN for keyword spotting (arXiv:1711.07128); the stem is 5 x 5 where the paper has 10 x 4."""
    chain = Builder(height, width, 1)
    chain.add("conv", channels, 5, 2)
    for _ in range(layers):
        chain.add("depthwise")
        chain.add("conv", channels, 1)
    chain.classify(classes)
    return tuple(chain.blocks)


def resnet(side: int, width: int, layers: int, stem: int = 1, classes: int = 10) -> tuple[Block, ...]:
    """Like ResNets (arXiv:1512.03385): 3 x 3 convolutions in stages of doubling channels, each adding its input."""
    chain = Builder(side, side)
    chain.add("conv", width, 7 if stem > 1 else 3, stem)
    if stem > 1:
        chain.add("max_pool", kernel=3, stride=2)
    for stage in range(4 if stem > 1 else 3):
        for layer in range(2 * layers):
            stride = 2 if stage and layer == 0 else 1
            chain.add("conv", width << stage, 3, stride, residual=stride == 1 and chain.channels == width << stage)
    chain.classify(classes)
    return tuple(chain.blocks)


def plain(side: int, channels: tuple[int, ...], convolutions: int, outputs: int, dense: int = 0) -> tuple[Block, ...]:
    """Convolutions and max pooling, as VGG (arXiv:1409.1556) and Tiny YOLO's backbone (arXiv:1612.08242) have them."""
    chain = Builder(side, side)
    for width in channels:
        for _ in range(convolutions):
            chain.add("conv", width, 3)
        chain.add("max_pool", kernel=2, stride=2)
    if dense:
        chain.classify(outputs, dense)
    else:
        chain.add("conv", outputs, 1, activation=False)
    return tuple(chain.blocks)


def fused_backbone(side: int, width: float, outputs: int) -> tuple[Block, ...]:
    """Like EfficientNetV2 (arXiv:2104.00298) and MobileDet (arXiv:2004.14525): fused bottlenecks early, plain late."""
    chain = Builder(side, side)
    chain.add("conv", divisible(24 * width), 3, 2)
    for kind, expansion, channels, layers, stride in (
        ("fused_ibn", 2, 24, 1, 1),
        ("fused_ibn", 4, 48, 2, 2),
        ("fused_ibn", 4, 64, 2, 2),
        ("ibn", 4, 128, 3, 2),
        ("ibn", 6, 160, 3, 1),
    ):
        chain.bottlenecks(kind, expansion, divisible(channels * width), layers, stride, 3)
    chain.add("conv", outputs, 1, activation=False)
    return tuple(chain.blocks)


def encoder_decoder(side: int, width: int, classes: int) -> tuple[Block, ...]:
    """Like U-Net (arXiv:1505.04597) without its skip connections."""
    chain = Builder(side, side)
    for stage in range(3):
        chain.add("conv", width << stage, 3)
        chain.add("conv", width << stage, 3)
        chain.add("max_pool", kernel=2, stride=2)
    chain.add("conv", width << 3, 3)
    for stage in (2, 1, 0):
        chain.add("upsample", kernel=1, stride=2)
        chain.add("conv", width << stage, 3)
    chain.add("conv", classes, 1, activation=False)
    return tuple(chain.blocks)


def ssd_mobilenet(side: int, width: float) -> tuple[Block, ...]:
    """MobileNetV2 to stride 16 with an SSD-like head (arXiv:1512.02325) of separable layers."""
    chain = Builder(side, side)
    backbone = mobilenet_v2(side, width)
    for block in backbone[: next(place for place, b in enumerate(backbone) if b.height <= side // 32)]:
        chain.add(
            block.kind,
            block.out_channels,
            block.kernel,
            block.stride,
            expansion=block.expansion,
            residual=block.residual,
            activation=block.activation,
        )
    chain.add("depthwise")
    chain.add("conv", 128, 1)
    chain.add("depthwise")
    chain.add("conv", 24, 1, activation=False)
    return tuple(chain.blocks)


def dense_autoencoder(inputs: int, hidden: int) -> tuple[Block, ...]:
    """MLPerf Tiny's anomaly detector: dense layers, which are 1 x 1 convolutions of one pixel."""
    chain = Builder(1, 1, inputs)
    for width in (hidden, hidden, hidden, hidden, 8, hidden, hidden, hidden, hidden):
        chain.add("conv", width, 1)
    chain.add("conv", inputs, 1, activation=False)
    return tuple(chain.blocks)


Networks = dict[str, tuple[Block, ...]]


def published_networks() -> dict[str, Networks]:
    """By family: {family: {name: network}}."""
    v1 = [(96, 0.25, 2), (96, 0.5, 100), (128, 0.25, 1000), (128, 0.75, 100), (160, 0.5, 1000), (192, 0.25, 1000)]
    v1 += [(224, 0.25, 1000), (224, 0.5, 10), (224, 0.75, 100)]
    v2 = [(96, 0.35, 10), (96, 0.5, 1000), (96, 1.0, 2), (128, 0.35, 1000), (128, 0.75, 100), (160, 0.35, 1000)]
    v2 += [(160, 1.0, 10), (192, 0.5, 100), (224, 0.35, 1000), (224, 0.75, 10), (224, 1.0, 1000)]
    families: dict[str, Networks] = {
        "mobilenet_v1": {f"{s}-{w}-{c}": mobilenet_v1(s, w, c) for s, w, c in v1},
        "mobilenet_v2": {f"{s}-{w}-{c}": mobilenet_v2(s, w, c) for s, w, c in v2},
        "mobilenet_v3": {
            f"{'large' if large else 'small'}-{s}-{w}-{c}": mobilenet_v3(s, w, large, c)
            for s, w, large, c in (
                (96, 0.5, False, 10),
                (128, 1.0, False, 100),
                (224, 1.0, False, 1000),
                (160, 0.75, False, 1000),
                (128, 0.5, True, 10),
                (192, 0.75, True, 100),
                (224, 1.0, True, 1000),
            )
        },
        "efficientnet_lite": {
            f"{s}-{w}-{d}-{c}": efficientnet_lite(s, w, d, c)
            for s, w, d, c in (
                (96, 1.0, 1.0, 10),
                (128, 1.0, 1.0, 100),
                (224, 1.0, 1.0, 1000),
                (160, 0.5, 0.7, 100),
                (240, 1.0, 1.1, 10),
            )
        },
        "mnasnet": {f"{s}-{w}": mnasnet(s, w, 100) for s, w in ((96, 1.0), (128, 0.5), (192, 0.75), (224, 1.0))},
        "proxyless": {f"{s}-{w}": proxyless_mobile(s, w, 100) for s, w in ((96, 0.35), (128, 0.5), (160, 1.0))},
        "mcunet": {
            f"{s}-{w}-{c}": mcunet(s, w, c)
            for s, w, c in (
                (48, 1.0, 1000),
                (80, 1.0, 2),
                (96, 0.5, 10),
                (128, 1.5, 100),
                (144, 1.0, 2),
                (176, 1.0, 1000),
            )
        },
        "ds_cnn": {
            f"{c}-{n}-{h}x{w}": ds_cnn(c, n, 12, h, w)
            for c, n, h, w in ((64, 4, 49, 10), (172, 4, 49, 10), (276, 5, 49, 10), (64, 4, 98, 40), (128, 6, 32, 32))
        },
        "resnet": {
            f"{s}-{w}-{n}-{stem}": resnet(s, w, n, stem)
            for s, w, n, stem in (
                (32, 16, 1, 1),
                (32, 16, 3, 1),
                (32, 24, 2, 1),
                (64, 16, 2, 1),
                (96, 32, 1, 2),
                (112, 24, 2, 2),
                (160, 16, 2, 2),
            )
        },
        "plain": {
            "vgg-32": plain(32, (16, 32, 64), 2, 10, 128),
            "vgg-64": plain(64, (32, 64, 96, 128), 2, 100, 256),
            "vgg-96": plain(96, (8, 16, 32, 64), 3, 2, 64),
            "yolo-128": plain(128, (16, 32, 64, 128), 1, 30),
            "yolo-224": plain(224, (16, 32, 64, 128, 256), 1, 30),
        },
        "fused": {
            f"{s}-{w}-{c}": fused_backbone(s, w, c) for s, w, c in ((96, 0.5, 5), (128, 1.0, 30), (192, 0.5, 90))
        },
        "encoder_decoder": {
            f"{s}-{w}": encoder_decoder(s, w, c) for s, w, c in ((64, 8, 2), (96, 16, 11), (128, 12, 21))
        },
        "ssd": {f"{s}-{w}": ssd_mobilenet(s, w) for s, w in ((96, 0.5), (160, 0.35), (192, 1.0))},
        "autoencoder": {f"{i}-{h}": dense_autoencoder(i, h) for i, h in ((640, 128), (256, 64))},
    }
    return families
