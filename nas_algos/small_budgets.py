"""Settings of our strategies for a number of trainings: populations of fifty are no use to a search of thirty.

Chosen on benchmarks.experiments.strategies.problems.tuning_tables, and nowhere else, at 30, 100 and 300 trainings.
"""

from __future__ import annotations

from typing import Any

from nas_algos.errors import AlgorithmInputError
from nas_algos.strategies.auto import AutoSettings, gaussian_process_settings, genetic_settings, nsga2_settings
from nas_algos.strategies.bananas import BananasSettings
from nas_algos.strategies.optuna_sampler import OptunaSettings
from nas_algos.strategies.ppo import PpoSettings
from nas_algos.strategies.random_search import RandomSettings
from nas_algos.strategies.regularised_evolution import EvolutionSettings
from nas_algos.strategies.reinforce import ReinforceSettings


def settings_for(name: str, trainings: int, objectives: int) -> Any:
    """Settings of one of ours, or None where its defaults fit any number of trainings.

    Raises AlgorithmInputError when the strategy cannot take so many objectives.
    """
    if not isinstance(trainings, int) or trainings < 1:
        raise AlgorithmInputError(f"strategy {name}: trainings are {trainings!r}; allowed: 1 or more")
    many = {
        "random": lambda: RandomSettings(objectives=objectives),
        "nsga2": lambda: nsga2_settings(trainings, objectives),
        "auto": lambda: AutoSettings(trainings, objectives),
        "gaussian_process": lambda: gaussian_process_settings(trainings, objectives),
        "optuna": lambda: OptunaSettings(objectives=objectives),
    }
    one = {
        "regularised_evolution": lambda: EvolutionSettings(
            population=_within(trainings // 10, 5, 50), tournament=_within(trainings // 20, 3, 10)
        ),
        "genetic": lambda: genetic_settings(trainings),
        "reinforce": lambda: ReinforceSettings(batch=_within(trainings // 25, 2, 8)),
        "ppo": lambda: PpoSettings(batch=_within(trainings // 25, 2, 8)),
        "bananas": lambda: BananasSettings(batch=_within(trainings // 20, 1, 5), first=_within(trainings // 3, 3, 20)),
    }
    if name in many:
        return many[name]()
    if objectives != 1:
        raise AlgorithmInputError(f"strategy {name}: it takes 1 objective; asked for {objectives}")
    return one[name]() if name in one else None


def _within(value: int, low: int, high: int) -> int:
    return min(max(value, low), high)
