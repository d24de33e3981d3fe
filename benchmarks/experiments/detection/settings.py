"""What the detection experiment may be set to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from benchmarks.errors import BenchmarkInputError
from nas_algos.load import build_strategy
from tasks.data.fashion_mnist import CLASSES
from tasks.fidelity import Fidelity


@dataclass(frozen=True)
class DetectionSettings:
    """Settings of the detection experiment.

    search: how candidates are trained and judged, on validation scenes. final: how winners and baseline are, on test
    scenes that no decision has seen. search_baseline_seeds: trainings that the mAP to keep is averaged over.
    final_seeds: trainings behind each mean of the table. trainings: candidates that each of the searches (three spaces
    on each accelerator) may train. confirmations: further trainings of a candidate that reached the floor in its first.
    proposals: candidates that it may look at. map_tolerance: how far below the baseline's mAP@[.5:.95] a candidate may
    be. strategy_settings: those that are not made to fit the number of trainings. classes: 1 for presence, 10 for
    Fashion-MNIST's. smoke: a profile that checks that everything runs and whose figures mean nothing.
    """

    accelerators: tuple[str, ...]
    search: Fidelity
    final: Fidelity
    search_baseline_seeds: int
    final_seeds: int
    trainings: int
    proposals: int
    confirmations: int = 1
    map_tolerance: float = 0.02
    strategy: str = "regularised_evolution"
    strategy_settings: Mapping[str, Any] = field(default_factory=lambda: {"population": 20, "tournament": 5})
    classes: int = 1
    smoke: bool = False


THREE_ETHOS_U = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")


DETECTION: MappingProxyType[str, DetectionSettings] = MappingProxyType(
    {
        "smoke": DetectionSettings(
            accelerators=THREE_ETHOS_U[:1],
            search=Fidelity("smoke", 512, 50, "validation", 40, batch_size=2),
            final=Fidelity("smoke", 512, 50, "test", 40, batch_size=2),
            search_baseline_seeds=1,
            final_seeds=2,
            trainings=1,
            proposals=5,
            smoke=True,
        ),
        "quick": DetectionSettings(
            accelerators=THREE_ETHOS_U,
            search=Fidelity("quick", 20_000, 6_400, "validation", 1_000),
            final=Fidelity("quick", 20_000, 12_800, "test", 2_000),
            search_baseline_seeds=5,
            final_seeds=3,
            trainings=6,
            proposals=300,
        ),
        "full": DetectionSettings(
            accelerators=THREE_ETHOS_U,
            search=Fidelity("full", 60_000, 48_000, "validation", 5_000),
            final=Fidelity("full", 60_000, 240_000, "test", 5_000),
            search_baseline_seeds=5,
            final_seeds=5,
            trainings=40,
            proposals=4_000,
            map_tolerance=0.01,
        ),
    }
)


def detection_settings(name: str) -> DetectionSettings:
    """The profile of that name.  Raises BenchmarkInputError naming those there are."""
    if name not in DETECTION:
        raise BenchmarkInputError(f"unknown profile {name!r}; allowed: {', '.join(DETECTION)}")
    return DETECTION[name]


def with_strategy(settings: DetectionSettings, name: str) -> DetectionSettings:
    """The settings with another strategy, a name or the path of a file.  Raises AlgorithmInputError."""
    if name == settings.strategy:
        return settings
    build_strategy(name, (2, 2), 1, 1)
    return replace(settings, strategy=name, strategy_settings={})


def with_classes(settings: DetectionSettings, classes: int) -> DetectionSettings:
    """The settings with so many classes.  Raises BenchmarkInputError unless it is 1, presence, or Fashion-MNIST's."""
    if classes not in (1, len(CLASSES)):
        raise BenchmarkInputError(f"number of classes is {classes}; allowed: 1, {len(CLASSES)}")
    return replace(settings, classes=classes)
