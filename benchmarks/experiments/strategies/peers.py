"""The peers of our strategies, run as their own documentation says; pymoo and Optuna are imported here alone.

Each takes a table and a seed and returns the scores it saw, float[evaluations, M], in order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nas_algos.tabular import Table


def scores_of(table: Table, genotypes: np.ndarray) -> np.ndarray:
    """Look up genotypes int[b, D] with NumPy, float[b, M]."""
    return table.scores[np.ravel_multi_index(tuple(genotypes.T), table.cardinalities)]


def pymoo_nsga2(table: Table, evaluations: int, seed: int, population: int = 20) -> np.ndarray:
    """pymoo's NSGA-II with a population of 20 and its recipe for integer variables."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.problem import Problem
    from pymoo.operators.crossover.sbx import SBX
    from pymoo.operators.mutation.pm import PM
    from pymoo.operators.repair.rounding import RoundingRepair
    from pymoo.operators.sampling.rnd import IntegerRandomSampling
    from pymoo.optimize import minimize

    seen: list[np.ndarray] = []

    class Lookup(Problem):
        def _evaluate(self, x: np.ndarray, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
            del args, kwargs
            out["F"] = scores_of(table, x.astype(int))
            seen.append(out["F"])

    upper = np.array(table.cardinalities) - 1
    problem = Lookup(n_var=len(upper), n_obj=table.scores.shape[1], xl=0, xu=upper, vtype=int)
    algorithm = NSGA2(
        pop_size=population,
        sampling=IntegerRandomSampling(),
        crossover=SBX(prob=1.0, eta=3, vtype=float, repair=RoundingRepair()),
        mutation=PM(prob=1.0, eta=3, vtype=float, repair=RoundingRepair()),
        eliminate_duplicates=True,
    )
    minimize(problem, algorithm, ("n_eval", evaluations), seed=seed, verbose=False)
    return np.concatenate(seen)[:evaluations]


def optuna_sampler(table: Table, evaluations: int, seed: int, sampler: str) -> np.ndarray:
    """A sampler of Optuna with its defaults, decisions as categories; NSGA-II with a population of 20."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    settings = {"population_size": 20} if sampler == "NSGAIISampler" else {}
    study = optuna.create_study(
        sampler=getattr(optuna.samplers, sampler)(seed=seed, **settings),
        directions=["minimize"] * table.scores.shape[1],
    )
    seen: list[np.ndarray] = []

    def objective(trial: optuna.Trial) -> tuple[float, ...]:
        row = [trial.suggest_categorical(f"d{d}", range(count)) for d, count in enumerate(table.cardinalities)]
        seen.append(scores_of(table, np.array([row], int))[0])
        return tuple(seen[-1])

    study.optimize(objective, n_trials=evaluations)
    return np.stack(seen)
