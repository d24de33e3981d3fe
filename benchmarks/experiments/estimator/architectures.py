"""Published architectures of any width and input size, as far as chains of blocks can say them.

Squeeze-and-excitation, hard swish, branches and projection shortcuts are left out, and expansions are whole numbers, so
these are "like" the networks of the papers named at each.
"""

from __future__ import annotations

from benchmarks.experiments.estimator.builder import Builder, divisible
from hw_model.blocks import Block


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
