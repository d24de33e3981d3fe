"""What the settings of every experiment may hold, by what they are and by what they are called."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from benchmarks.errors import BenchmarkInputError, check_count
from benchmarks.fidelities import PROFILES

MOST = 1_000_000_000


def check_settings(owner: str, settings: Any, given: Iterable[str]) -> None:
    """Raise BenchmarkInputError, naming what is allowed, for a setting of those given that nothing can run with."""
    default = type(settings)()
    for name in given:
        value = getattr(settings, name)
        if value == getattr(default, name):
            continue
        values = value if isinstance(value, tuple) else (value,)
        if not values:
            raise BenchmarkInputError(f"{owner}: {name} is empty; allowed: one and more, apart by commas")
        for each in values:
            _check(f"{owner}: {name}", name, each)


def _check(label: str, name: str, value: Any) -> None:
    if isinstance(value, int) and not isinstance(value, bool):
        check_count(label, value, least=0 if name == "seed" else 1, most=MOST)
    elif isinstance(value, float) and not 0 < value < math.inf:
        raise BenchmarkInputError(f"{label} is {value}; allowed: finite numbers above 0")
    elif isinstance(value, str) and name in _NAMES and value not in (allowed := _NAMES[name]()):
        raise BenchmarkInputError(f"{label} is {value[:40]!r}; allowed: {', '.join(allowed)}")


# each imports what takes a second to load, which settings of other names need not pay


def _tasks() -> Collection[str]:
    from tasks.registry import TASKS

    return TASKS


def _datasets() -> Collection[str]:
    from tasks.data.datasets import DATASETS

    return DATASETS


def _accelerators() -> Collection[str]:
    from hw_model.cost_models import accelerator_names

    return accelerator_names()


def _algorithms() -> Collection[str]:
    from nas_algos.registry import strategy_names
    from nas_algos.single_shot.registry import SINGLE_SHOT

    return [*strategy_names(), *SINGLE_SHOT]


_NAMES: Mapping[str, Callable[[], Collection[str]]] = {
    "task": _tasks,
    "dataset": _datasets,
    **dict.fromkeys(("accelerator", "accelerators"), _accelerators),
    **dict.fromkeys(("algorithm", "strategies"), _algorithms),
    "profile": lambda: PROFILES,
}
