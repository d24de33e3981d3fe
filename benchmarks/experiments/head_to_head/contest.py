"""What all contenders share, and what they answer with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.errors import BenchmarkInputError, check_count
from benchmarks.evaluators.spec import SearchSpec
from benchmarks.experiments.head_to_head.settings import ContestSettings
from benchmarks.fidelities import get_fidelity
from benchmarks.search.problem import baseline_blocks, space_for
from hw_model.blocks import Block
from hw_model.predict import predict
from nas_algos.ledger import Spend
from tasks.registry import make_task


@dataclass(frozen=True)
class Contest:
    """What all contenders share."""

    home: Path
    spec: SearchSpec
    """Task, space, accelerator, bounds, fidelity and budget; strategy, evaluator and seed are the contenders' own."""
    seeds: int
    """Searches of each contender."""
    pool: int
    """Networks within the bounds that zero-shot scores choose from."""

    def __post_init__(self):
        for name, value, least in (("budget", self.spec.budget, 1), ("seeds", self.seeds, 2), ("pool", self.pool, 2)):
            check_count(name, int(value), least)

    def trainings_left(self, spent: Spend) -> int:
        """Trainings that the rest of the budget pays for.  Raises BenchmarkInputError where it pays for none."""
        passes, each = self.spec.passes, self.spec.training_passes
        left = math.floor((passes - spent.example_passes) / each)
        if left < 1:
            raise BenchmarkInputError(
                f"{spent.example_passes:g} of {passes:g} example passes are spent before the first training, "
                f"which takes {each}; allowed: a larger budget or a smaller pool"
            )
        return left


def make_contest(home: Path, settings: ContestSettings, latency_ms: float | None = None) -> Contest:
    """The contest of these settings, within a latency bound, the baseline's if none is given.

    Raises BenchmarkInputError, TaskInputError and HardwareInputError for what the settings may not be.
    """
    task, accelerator = make_task(settings.task), settings.accelerator
    bound = predict(baseline_blocks(task), accelerator).cost.latency_ms if latency_ms is None else latency_ms
    if not 0 < bound < math.inf:
        raise BenchmarkInputError(f"latency_ms is {bound}; allowed: finite numbers above 0")
    spec = SearchSpec(
        task=task,
        space=space_for(task, settings.space, accelerator),
        accelerator=accelerator,
        bounds={"latency_ms": float(bound)},
        fidelity=get_fidelity(settings.task, settings.profile),
        budget=settings.budget,
    )
    return Contest(home, spec, settings.seeds, settings.pool)


class Winner(NamedTuple):
    """The network that a search came to."""

    blocks: tuple[Block, ...]
    quality: float
    """As the search saw it, NaN where it saw none."""
    spend: Spend
    curve: tuple[tuple[float, float], ...] = ()
    """(Example passes, best quality so far as the search saw it), of trainings from scratch alone."""
