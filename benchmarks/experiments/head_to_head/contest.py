"""What all contenders share, and what they answer with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.head_to_head.settings import ContestSettings
from benchmarks.fidelities import get_fidelity
from benchmarks.search.problem import Costs, baseline_blocks, space_costs, space_for
from hw_model.blocks import Block
from hw_model.predict import predict
from nas_algos.ledger import Spend
from nas_algos.strategy import Strategy
from tasks.fidelity import Fidelity
from tasks.registry import make_task
from tasks.spaces.space import SearchSpace
from tasks.task import Task


@dataclass(frozen=True)
class Contest:
    """A task, a space and bounds {cost: most} on an accelerator, and what every search may spend.

    budget: trainings at `fidelity`; searches that do other things than train from scratch spend as many example passes
    on those.  seeds: searches of each contender.  pool: networks within the bounds that zero-shot scores choose from.
    """

    home: Path
    task: Task
    space: SearchSpace
    accelerator: str
    bounds: dict[str, float]
    budget: int
    seeds: int
    fidelity: Fidelity
    pool: int

    def __post_init__(self):
        for name, least in (("budget", 1), ("seeds", 2), ("pool", 2)):
            if getattr(self, name) < least:
                raise BenchmarkInputError(f"{name} is {getattr(self, name)}; allowed: {least} and more")

    @property
    def training_passes(self) -> int:
        """Example passes of one training."""
        return self.fidelity.steps * self.fidelity.batch_size

    @property
    def passes(self) -> float:
        """Example passes that each search may spend."""
        return float(self.budget * self.training_passes)

    @property
    def costs(self) -> Costs:
        """Costs of the space's genotypes by the accelerator's model."""
        return space_costs(self.space, self.accelerator)

    def trainings_left(self, spent: Spend) -> int:
        """Trainings that the rest of the budget pays for.  Raises BenchmarkInputError where it pays for none."""
        left = math.floor((self.passes - spent.example_passes) / self.training_passes)
        if left < 1:
            raise BenchmarkInputError(
                f"{spent.example_passes:g} of {self.passes:g} example passes are spent before the first training, "
                f"which takes {self.training_passes}; allowed: a larger budget or a smaller pool"
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
    return Contest(
        home=home,
        task=task,
        space=space_for(task, settings.space, accelerator),
        accelerator=accelerator,
        bounds={"latency_ms": bound},
        budget=settings.budget,
        seeds=settings.seeds,
        fidelity=get_fidelity(settings.task, settings.profile),
        pool=settings.pool,
    )


class Live(NamedTuple):
    """A search that trains from scratch: so many trainings after what was spent before."""

    strategy: Strategy
    trainings: int
    spent: Spend = Spend()


class Found(NamedTuple):
    """What a search came to.

    blocks: its network; quality: as the search saw it, not a number where it saw none.  curve: (example passes, best
    quality so far as the search saw it), of trainings from scratch alone.
    """

    blocks: tuple[Block, ...]
    quality: float
    spend: Spend
    curve: tuple[tuple[float, float], ...] = ()
