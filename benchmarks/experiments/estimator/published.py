"""Published architectures at several widths and input sizes.  No part of the estimator's fitting draws from here."""

from __future__ import annotations

from benchmarks.experiments.estimator.architectures import (
    dense_autoencoder,
    ds_cnn,
    efficientnet_lite,
    encoder_decoder,
    fused_backbone,
    mcunet,
    mnasnet,
    mobilenet_v1,
    mobilenet_v2,
    mobilenet_v3,
    plain,
    proxyless_mobile,
    resnet,
    ssd_mobilenet,
)
from hw_model.blocks import Block

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
