"""Any sampler of Optuna as a strategy: TPE, NSGA-II and -III, CMA-ES, Gaussian process.

Akiba, Sano, Yanase, Ohta and Koyama, Optuna, arXiv:1907.10902.  Runs on the host.  Needs `pip install optuna`, and what
the sampler itself needs (cmaes for CmaEsSampler, torch for GPSampler).

Samplers that know constraints are told by how far a bound is missed as one; the score of what misses it, which no
feasible one comes near, would drown the differences between these in a model that scales scores.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, NamedTuple

import jax
import numpy as np

from nas_algos.checks import check_positive
from nas_algos.errors import AlgorithmInputError
from nas_algos.genotypes import checked_cardinalities
from nas_algos.objectives import is_feasible, violation
from nas_algos.strategy import Strategy

# what samplers import only once they are asked, in the midst of a search
_NEEDS = {"CmaEsSampler": "cmaes", "GPSampler": "torch"}
# which counts its questions in the study, so that the same trials and key would not give the same genotypes
_COUNTS = "QMCSampler"
_CONSTRAINTS = "constraints"  # the note of a trial that Optuna reads them from


@dataclass(frozen=True)
class OptunaSettings:
    """sampler: a class in optuna.samplers.  batch: genotypes of each round.  objectives: columns of a score.

    ordered: choices are numbers in order, which CmaEsSampler needs, instead of names without one.
    """

    sampler: str = "TPESampler"
    batch: int = 1
    objectives: int = 1
    ordered: bool = False


class Told(NamedTuple):
    """A trial.  params: choices by name.  values: its scores, empty where it failed.  missed: by how far it misses a
    bound, 0 where it keeps it.  noted: what the sampler has noted in it.
    """

    params: dict[str, int]
    values: tuple[float, ...]
    missed: float
    noted: dict[str, Any]


@dataclass(frozen=True)
class OptunaState:
    """trials: all told.

    notes: what it noted in each proposal of the last round that this state was asked for, by its place; each state's
    own, so that searches with one strategy learn nothing of each other.
    """

    trials: tuple[Any, ...] = ()
    notes: list[dict[str, Any]] = field(default_factory=list, compare=False)


def _made_by_a_seed(sampler_class: Any) -> bool:
    if not inspect.isclass(sampler_class) or sampler_class.__name__ == _COUNTS:
        return False
    parameters = inspect.signature(sampler_class).parameters
    needed = [
        name for name, each in parameters.items() if each.default is each.empty and each.kind is not each.VAR_KEYWORD
    ]
    return "seed" in parameters and not needed


def optuna_sampler(cardinalities: Sequence[int], settings: OptunaSettings = OptunaSettings()) -> Strategy:
    """A strategy that asks an Optuna sampler, seeded by each call's key, with all trials so far.

    Raises AlgorithmInputError when Optuna, or what the sampler needs, is not installed, or there is no such sampler
    that a seed alone makes.
    """
    choices = checked_cardinalities(cardinalities)
    check_positive("optuna", settings, "batch", "objectives")
    try:
        import optuna
    except ImportError as error:
        raise AlgorithmInputError("strategy optuna: needs Optuna; pip install optuna") from error
    sampler_class: Any = getattr(optuna.samplers, settings.sampler, None)
    if not _made_by_a_seed(sampler_class):
        known = [name for name in optuna.samplers.__all__ if _made_by_a_seed(getattr(optuna.samplers, name))]
        raise AlgorithmInputError(f"strategy optuna: unknown sampler {settings.sampler!r}; allowed: {', '.join(known)}")
    needed = _NEEDS.get(settings.sampler)
    if needed and find_spec(needed) is None:
        raise AlgorithmInputError(f"strategy optuna: {settings.sampler} needs {needed}; pip install {needed}")
    knows_constraints = "constraints_func" in inspect.signature(sampler_class).parameters
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    distributions: dict[str, Any] = {
        f"d{d}": optuna.distributions.IntDistribution(0, count - 1)
        if settings.ordered
        else optuna.distributions.CategoricalDistribution(tuple(range(count)))
        for d, count in enumerate(choices)
    }
    directions = [optuna.study.StudyDirection.MINIMIZE] * settings.objectives
    # the last study, the trials that it was asked with, and what it proposed and noted; copying all trials into a new
    # one for every question would take a time that grows with the square of their number
    latest: list[tuple[Any, tuple[Any, ...], list[tuple[Any, dict[str, Any]]]]] = []

    def stand_in(trials: tuple[Told, ...]) -> tuple[float, ...] | None:
        """Values in place of the scores of what misses a bound; None where these are told as they are.

        Those of the first that keeps it: of the feasible ones' scale, and the same from then on.
        """
        if not knows_constraints or not any(each.missed for each in trials):
            return None
        return next((each.values for each in trials if each.values and not each.missed), (0.0,) * settings.objectives)

    def make_sampler(seed: int, constrained: bool) -> Any:
        # which Optuna below 5 needs, and later ones warn of
        more = {"constraints_func": lambda trial: trial.system_attrs[_CONSTRAINTS]} if constrained else {}
        return sampler_class(seed=seed, **more)

    def outcome(each: Told, instead: tuple[float, ...] | None) -> tuple[Any, Any, dict[str, Any]]:
        """State, values and constraints of a trial; instead: as `stand_in` has it."""
        if not each.values:
            return optuna.trial.TrialState.FAIL, None, {}
        values = instead if instead and each.missed else each.values
        return optuna.trial.TrialState.COMPLETE, values, {_CONSTRAINTS: (each.missed,)} if instead else {}

    def study_of(trials: tuple[Told, ...], seed: int) -> Any:
        """A study of these trials: the last one where they are its own and what it proposed since, or a new one."""
        study, held, proposed = latest.pop() if latest else (None, (), [])
        told, instead = trials[len(held) :], stand_in(trials)
        own = [(trial.params, noted) for trial, noted in proposed]
        sampler = make_sampler(seed, constrained=instead is not None)
        anew = trials[: len(held)] != held or own != [(each.params, each.noted) for each in told]
        if study is None or anew or instead != stand_in(held):
            study = optuna.create_study(sampler=sampler, directions=directions)
            for each in trials:
                state, values, constraints = outcome(each, instead)
                study.add_trial(
                    optuna.trial.create_trial(
                        state=state,
                        params=each.params,
                        distributions=distributions,
                        values=values,
                        system_attrs=each.noted | constraints,
                    )
                )
            study.stop = lambda: None  # BruteForceSampler calls it once it has seen all; a search ends by itself
            return study
        for (trial, _), each in zip(proposed, told, strict=True):
            state, values, constraints = outcome(each, instead)
            for name, value in constraints.items():
                study._storage.set_trial_system_attr(trial._trial_id, name, value)
            study.tell(trial, values, state)
        # what NSGA-II keeps in the study, its parents, it would read in another order than it chose them in: none of it
        # is told from the trials, so that the same state would give other genotypes
        for name in study._storage.get_study_system_attrs(study._study_id):
            study._storage.set_study_system_attr(study._study_id, name, None)
        study.sampler = sampler
        return study

    def init(key: jax.Array) -> OptunaState:
        del key
        return OptunaState()

    def ask(state: OptunaState, key: jax.Array) -> np.ndarray:
        seed = int(jax.random.bits(key)) // 2
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            warnings.simplefilter("ignore", FutureWarning)
            study = study_of(state.trials, seed)
            proposed = []
            for _ in range(settings.batch):
                trial = study.ask(distributions)
                record = study.get_trials(deepcopy=False)[trial.number]
                proposed.append((trial, dict(record.system_attrs)))
        latest.append((study, state.trials, proposed))
        state.notes[:] = [noted for _, noted in proposed]
        return np.array([[trial.params[name] for name in distributions] for trial, _ in proposed], np.int32)

    def tell(state: OptunaState, genotypes: Any, scores: Any) -> OptunaState:
        rows = np.asarray(genotypes, np.int32)
        values = np.asarray(scores, np.float64).reshape(len(rows), settings.objectives)
        finite = [bool(np.isfinite(value).all()) for value in values]
        # what misses it by no more than rounding still misses it
        missed = np.where(is_feasible(values), 0.0, np.maximum(violation(values), 1e-9))
        # by place: whoever wraps ask tells another row in place of a proposal that was tried before
        notes = [*state.notes[: len(rows)], *[{}] * (len(rows) - len(state.notes))]
        told = [
            Told(
                {name: int(choice) for name, choice in zip(distributions, row, strict=True)},
                tuple(value.tolist()) if able else (),
                float(miss) if able else 0.0,
                dict(noted),
            )
            for row, value, able, miss, noted in zip(rows, values, finite, missed, notes, strict=True)
        ]
        return OptunaState((*state.trials, *told))

    return Strategy("optuna", choices, init, ask, tell, settings.batch, settings.objectives, traceable=False)
