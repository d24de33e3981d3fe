"""What the detection experiment may be set to."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from benchmarks.errors import BenchmarkInputError
from nas_algos.strategies.random_search import RandomSettings, random_search
from nas_algos.strategies.regularised_evolution import EvolutionSettings, regularised_evolution
from nas_algos.strategy import Strategy
from tasks.data.fashion_mnist import CLASSES
from tasks.fidelity import Fidelity
from tasks.spaces.space import SearchSpace

# settings for a budget of few trainings
STRATEGIES = MappingProxyType(
    {
        "random": lambda cardinalities: random_search(cardinalities, RandomSettings()),
        "regularised_evolution": lambda cardinalities: regularised_evolution(
            cardinalities, EvolutionSettings(population=20, tournament=5)
        ),
    }
)


def check_strategy(name: str) -> None:
    """Raise BenchmarkInputError naming those there are unless the strategy is one of them."""
    if name not in STRATEGIES:
        raise BenchmarkInputError(f"unknown strategy {name!r} for detection; allowed: {', '.join(STRATEGIES)}")


def check_classes(classes: int) -> None:
    """Raise BenchmarkInputError unless the number of classes is 1, presence, or all of Fashion-MNIST's."""
    if classes not in (1, len(CLASSES)):
        raise BenchmarkInputError(f"number of classes is {classes}; allowed: 1, {len(CLASSES)}")


def make_strategy(name: str, space: SearchSpace) -> Strategy:
    """The strategy for a space.  Raises BenchmarkInputError for an unknown name."""
    check_strategy(name)
    return STRATEGIES[name](space.cardinalities)


@dataclass(frozen=True)
class DetectionSettings:
    """Settings of the detection experiment.

    search: how candidates are trained and judged, on validation scenes.  final: how winners and baseline are, on test
    scenes that no decision has seen.  search_baseline_seeds: trainings that the mAP to keep is averaged over.
    final_seeds: trainings behind each mean of the table.  trainings: candidates that each of the searches (three
    spaces on each accelerator) may train.  confirmations: further trainings of a candidate that reached the floor in
    its first.  proposals: candidates that it may look at.  map_tolerance: how far below the baseline's mAP@[.5:.95] a
    candidate may be.  classes: 1 for presence, 10 for Fashion-MNIST's.  smoke: a profile that checks that everything
    runs and whose figures mean nothing.
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
    classes: int = 1
    smoke: bool = False


THREE_ETHOS_U = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")


DETECTION: MappingProxyType[str, DetectionSettings] = MappingProxyType(
    {
        "smoke": DetectionSettings(
            accelerators=THREE_ETHOS_U[:1],
            search=Fidelity("smoke", 512, 200, "validation", 128),
            final=Fidelity("smoke", 512, 200, "test", 128),
            search_baseline_seeds=1,
            final_seeds=2,
            trainings=1,
            proposals=20,
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
