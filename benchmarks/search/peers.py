"""Other packages' searches, the peers of our strategies, run as their documentation says.

pymoo, Optuna as a peer and Syne Tune are imported here alone.

A peer is a function of a table and a seed to the rows of the table that it looked at, each once, in order.  A network
that it proposes again is answered from what is known and not charged.  It ends when so many different ones are looked
at, or PATIENCE times as many proposals were made.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

PEERS_CODE_VERSION = "1"
"""Raised when the rows that a peer looks at may change by a change of this file, or of how a problem is bounded."""
POPULATION = 20  # of evolution: their defaults of 50 to 100 leave no generation to a search of 30
PATIENCE = 10


class Enough(Exception):  # noqa: N818  (no error)
    """As many different networks as were asked for."""


class Lookup:
    """A table as a peer sees it, which counts the different networks."""

    def __init__(self, cardinalities: Sequence[int], values: Any, evaluations: int, excess: Any = None):
        """values: float[N], or [N, 2] for a front, to minimise.  excess: float[N], by how far each network misses a
        bound, 0 within it; None without a bound.
        """
        self.cardinalities = tuple(cardinalities)
        self._values, self._excess = np.asarray(values), excess
        self.front, self.bounded = self._values.ndim > 1, excess is not None
        self._most, self._longest = min(evaluations, len(self._values)), PATIENCE * evaluations
        self.proposals = 0
        self._seen: dict[int, None] = {}

    def __call__(self, genotype: Any) -> tuple[tuple[float, ...], float]:
        """Values to minimise, and by how far the bound is missed.  Raises Enough before one too many."""
        row = int(np.ravel_multi_index(tuple(np.asarray(genotype, int)), self.cardinalities))
        self.proposals += 1
        if self.proposals > self._longest or (row not in self._seen and len(self._seen) == self._most):
            raise Enough
        self._seen[row] = None
        excess = 0.0 if self._excess is None else float(self._excess[row])
        return tuple(np.atleast_1d(self._values[row]).tolist()), excess

    def rows(self) -> np.ndarray:
        """int[n], the different ones in order."""
        return np.array(list(self._seen), int)


def _pymoo(look: Lookup, seed: int, algorithm: str) -> None:
    """pymoo with its recipe for integer variables, without duplicates."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.algorithms.soo.nonconvex.ga import GA
    from pymoo.core.problem import ElementwiseProblem
    from pymoo.operators.crossover.sbx import SBX
    from pymoo.operators.mutation.pm import PM
    from pymoo.operators.repair.rounding import RoundingRepair
    from pymoo.operators.sampling.rnd import IntegerRandomSampling
    from pymoo.optimize import minimize

    class Looked(ElementwiseProblem):
        def _evaluate(self, x: np.ndarray, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
            del args, kwargs
            values, excess = look(x)
            out["F"] = values
            if look.bounded:
                out["G"] = [excess]

    upper = np.array(look.cardinalities) - 1
    columns = 2 if look.front else 1
    made = {"NSGA2": NSGA2, "GA": GA}[algorithm](
        pop_size=POPULATION,
        sampling=IntegerRandomSampling(),
        crossover=SBX(prob=1.0, eta=3, vtype=float, repair=RoundingRepair()),
        mutation=PM(prob=1.0, eta=3, vtype=float, repair=RoundingRepair()),
        eliminate_duplicates=True,
    )
    problem = Looked(n_var=len(upper), n_obj=columns, n_ieq_constr=int(look.bounded), xl=0, xu=upper, vtype=int)
    minimize(problem, made, ("n_gen", 10_000), seed=seed, verbose=False)


def _optuna(look: Lookup, seed: int, sampler: str) -> None:
    """A sampler of Optuna with its defaults, decisions as categories, the bound as its constraint."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    settings: dict[str, Any] = {"population_size": POPULATION} if sampler == "NSGAIISampler" else {}
    if look.bounded:
        settings["constraints_func"] = lambda trial: (trial.user_attrs["excess"],)

    def objective(trial: optuna.Trial) -> tuple[float, ...]:
        row = [trial.suggest_categorical(f"d{d}", range(count)) for d, count in enumerate(look.cardinalities)]
        values, excess = look(row)
        trial.set_user_attr("excess", excess)
        return values

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of features that are new to Optuna, or old
        made = getattr(optuna.samplers, sampler)(seed=seed, **settings)
        study = optuna.create_study(sampler=made, directions=["minimize"] * (2 if look.front else 1))
        study.optimize(objective)


def _syne_tune(look: Lookup, seed: int) -> None:
    """Syne Tune's multi-objective regularised evolution."""
    from syne_tune.config_space import choice
    from syne_tune.optimizer.schedulers.multiobjective.multi_objective_regularized_evolution import (
        MultiObjectiveRegularizedEvolution,
    )

    np.random.seed(seed)  # noqa: NPY002  (its first configurations come from NumPy's own state)
    space = {f"d{d}": choice(list(range(count))) for d, count in enumerate(look.cardinalities)}
    searcher = MultiObjectiveRegularizedEvolution(
        space, population_size=POPULATION, sample_size=POPULATION // 4, random_seed=seed
    )
    for trial in range(10**9):
        config: Any = searcher.suggest()
        values, _ = look([config[name] for name in space])
        searcher.on_trial_complete(trial, config, list(values))


class Peer(NamedTuple):
    """A peer, and what it needs."""

    search: Callable[[Lookup, int], None]
    packages: tuple[str, ...]
    goals: tuple[str, ...]
    """Of the problems that it can be asked."""


PEERS: Mapping[str, Peer] = MappingProxyType(
    {
        "pymoo GA": Peer(partial(_pymoo, algorithm="GA"), ("pymoo",), ("error", "bounded")),
        "pymoo NSGA-II": Peer(partial(_pymoo, algorithm="NSGA2"), ("pymoo",), ("front",)),
        "optuna TPE": Peer(partial(_optuna, sampler="TPESampler"), ("optuna",), ("error", "bounded", "front")),
        "optuna NSGA-II": Peer(partial(_optuna, sampler="NSGAIISampler"), ("optuna",), ("front",)),
        "optuna GP": Peer(partial(_optuna, sampler="GPSampler"), ("optuna", "torch"), ("error", "bounded", "front")),
        "syne_tune MO-REA": Peer(_syne_tune, ("syne_tune",), ("front",)),
    }
)


def installed(peer: str) -> bool:
    """Whether all that it needs is there."""
    return all(find_spec(package) is not None for package in PEERS[peer].packages)


def not_installed(peer: str) -> str:
    """That it needs packages which are not there, "" where they are."""
    return "" if installed(peer) else f"needs {', '.join(PEERS[peer].packages)}, not installed"


def versions(peer: str) -> dict[str, str]:
    """{package: version} of what it needs, empty texts where the package does not say."""
    found = {}
    for package in PEERS[peer].packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = ""
    return found


def looked_at(peer: str, look: Lookup, seed: int) -> np.ndarray:
    """int[n]: the rows of the table that a peer's search looked at, each once, in order."""
    with contextlib.suppress(Enough):
        PEERS[peer].search(look, seed)
    return look.rows()
