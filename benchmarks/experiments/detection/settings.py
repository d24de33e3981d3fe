"""What the detection experiment may be set to."""

from __future__ import annotations

from types import MappingProxyType

from benchmarks.errors import BenchmarkInputError
from nas_algos.strategies.random_search import RandomSettings, random_search
from nas_algos.strategies.regularised_evolution import EvolutionSettings, regularised_evolution
from nas_algos.strategy import Strategy
from tasks.data.fashion_mnist import CLASSES
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
