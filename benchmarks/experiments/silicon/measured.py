"""Latencies that others measured on boards with an Ethos-U and published, each with where.

What they include differs: NXP's are of TensorFlow Lite's benchmark_model under Linux, the delegate's work and the
hand-over to the accelerator among it; the others' of one inference on bare metal or under Zephyr.
"""

from __future__ import annotations

from typing import NamedTuple


class Measured(NamedTuple):
    """One figure."""

    network: str
    """A name in benchmarks.experiments.silicon.networks.NETWORKS."""
    board: str
    """A name in hw_model.boards.BOARDS."""
    measured_ms: float
    """Milliseconds of one inference, as published."""
    source: str
    """Document and version."""


_ZOO = "NXP/eiq-model-zoo rel_1.4_eiqmz_rfp (58c2b00, 2024-06-07)"


def _zoo(network: str, measured_ms: float, page: str) -> Measured:
    return Measured(network, "imx93", measured_ms, f"{_ZOO}, {page}/README.md")


def _arm(network: str, measured_ms: float, card: str) -> Measured:
    return Measured(
        network, "alif-e8-u85", measured_ms, f"Arm on Hugging Face, {card} (2026): p50 on Alif DK-E8, Ethos-U85-256"
    )


MEASURED = (
    _zoo("mobilenet_v2", 3.46, "tasks/vision/classification/mobilenetv2"),
    _zoo("efficientnet_lite0", 4.57, "tasks/vision/classification/efficientnet-lite"),
    _zoo("resnet50_v2", 28.0, "tasks/vision/classification/resnet"),
    _zoo("mobilenet_v1_025_128", 0.37, "tasks/vision/classification/mobilenetv1"),
    _zoo("wake_words", 0.214, "tasks/vision/classification/visual-wake-word"),
    _zoo("resnet8", 0.33, "tasks/vision/classification/tiny-resnet"),
    _zoo("ds_cnn", 0.409, "tasks/audio/command-recognition/keyword-spotting_DSCNN"),
    _zoo("autoencoder", 0.143, "tasks/audio/anomaly-detection/deep-autoencoder"),
    Measured(
        "mobilenet_v2",
        "alif-e8-hp",
        19.0,
        "pytorch/executorch pull request 19131 (2026-04-28): Alif Ensemble E8 DevKit, Ethos-U55-256, all on it",
    ),
    _arm("mobilenet_v3_large", 35.17, "mobilenet-v3-large-int8-ethos-u-executorch"),
    _arm("resnet50", 110.20, "resnet-50-int8-per-tensor-ethos-u-executorch"),
    _arm("resnet50", 151.44, "resnet-50-int8-per-channel-ethos-u-executorch"),
)
