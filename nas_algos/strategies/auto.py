"""The default: the strategy that does best at a budget and a number of objectives, by the comparisons of this project.

No paper's; what it chooses was decided on benchmarks.experiments.strategies.problems.tuning_tables, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nas_algos.checks import check_positive, check_whole
from nas_algos.genotypes import checked_cardinalities
from nas_algos.strategies.gaussian_process import GaussianProcessSettings, gaussian_process
from nas_algos.strategies.genetic import GeneticSettings, genetic
from nas_algos.strategies.nsga2 import Nsga2Settings, nsga2
from nas_algos.strategy import State, Strategy

MOST = 500
"""Trainings up to which the Gaussian process is asked: it takes milliseconds a suggestion, and remembers 64 or 128."""
LONG = 200
"""Trainings above which it remembers 128 of one objective."""


@dataclass(frozen=True)
class AutoSettings:
    """What it chooses by."""

    trainings: int = 100
    """Of the whole search."""
    objectives: int = 1
    """Columns of a score."""


def auto(cardinalities: Sequence[int], settings: AutoSettings = AutoSettings(), sees_all: bool = False) -> Strategy:
    """The Gaussian process; for more than MOST trainings a genetic algorithm, for more than two objectives NSGA-II.

    sees_all: as of `gaussian_process`.
    """
    check_positive("auto", settings, "trainings")
    check_whole("auto", settings, 1, 1 if sees_all else 8, "objectives")
    choices = checked_cardinalities(cardinalities)
    trainings, objectives = settings.trainings, settings.objectives
    if objectives > 2 or (objectives > 1 and trainings > MOST):
        made = nsga2(choices, nsga2_settings(trainings, objectives))
    elif trainings > MOST:
        made = genetic(choices, genetic_settings(trainings))
        if sees_all:
            made = _of_first_column(made)
    else:
        made = gaussian_process(choices, gaussian_process_settings(trainings, objectives), sees_all)
    return made._replace(name="auto")


def _of_first_column(made: Strategy) -> Strategy:
    def tell(state: State, genotypes: Any, scores: Any) -> State:
        return made.tell(state, genotypes, scores[:, 0])

    return made._replace(tell=tell, objectives=2)


def gaussian_process_settings(trainings: int, objectives: int) -> GaussianProcessSettings:
    """Of the Gaussian process for so many trainings."""
    batch = min(max(trainings // 25, 1), 4)
    # time grows with its cube; a long search for one objective that forgets more ends beside the best now and then
    memory = 128 if trainings > LONG and objectives == 1 else min(max(trainings + 8, 16), 64)
    return GaussianProcessSettings(
        batch=batch, first=min(max(trainings // 5, 2), 12), memory=memory, objectives=objectives
    )


def genetic_settings(trainings: int) -> GeneticSettings:
    """Of the genetic algorithm for so many trainings."""
    return GeneticSettings(population=min(max(trainings // 10, 4), 20))


def nsga2_settings(trainings: int, objectives: int) -> Nsga2Settings:
    """Of NSGA-II for so many trainings."""
    size = min(max(trainings // 4, 4), 12)
    return Nsga2Settings(population=size, batch=size, objectives=objectives)
