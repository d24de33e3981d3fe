"""Any sampler of Optuna as a strategy: TPE, NSGA-II and -III, CMA-ES, Gaussian process.

Akiba, Sano, Yanase, Ohta and Koyama, Optuna, arXiv:1907.10902.  Runs on the host.  Needs `pip install optuna`, and what
the sampler itself needs (cmaes for CmaEsSampler, torch for GPSampler).
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import jax
import numpy as np

from nas_algos.checks import check_positive
from nas_algos.errors import AlgorithmInputError
from nas_algos.genotypes import checked_cardinalities
from nas_algos.strategy import Strategy

# what samplers import only once they are asked, in the midst of a search
_NEEDS = {"CmaEsSampler": "cmaes", "GPSampler": "torch"}
# which counts its questions in the study, so that the same trials and key would not give the same genotypes
_COUNTS = "QMCSampler"


@dataclass(frozen=True)
class OptunaSettings:
    """sampler: a class in optuna.samplers.  batch: genotypes of each round.  objectives: columns of a score.

    ordered: choices are numbers in order, which CmaEsSampler needs, instead of names without one.
    """

    sampler: str = "TPESampler"
    batch: int = 1
    objectives: int = 1
    ordered: bool = False


@dataclass(frozen=True)
class OptunaState:
    """trials: all told, as Optuna's FrozenTrial, with what the sampler has noted in them.

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
    make_sampler: Any = sampler_class
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

    def study_of(trials: tuple[Any, ...], sampler: Any) -> Any:
        """A study of these trials: the last one where they are its own and what it proposed since, or a new one."""
        study, held, proposed = latest.pop() if latest else (None, (), [])
        told = trials[len(held) :]
        own = [(trial.params, noted) for trial, noted in proposed]
        if study is None or trials[: len(held)] != held or own != [(each.params, each.system_attrs) for each in told]:
            study = optuna.create_study(sampler=sampler, directions=directions)
            study.add_trials(trials)
            study.stop = lambda: None  # BruteForceSampler calls it once it has seen all; a search ends by itself
            return study
        for (trial, _), each in zip(proposed, told, strict=True):
            study.tell(trial, each.values, each.state)
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
            study = study_of(state.trials, make_sampler(seed=seed))
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
        told = []
        # by place: whoever wraps ask tells another row in place of a proposal that was tried before
        notes = [*state.notes[: len(rows)], *[{}] * (len(rows) - len(state.notes))]
        for row, value, noted in zip(rows, values, notes, strict=True):
            failed = not np.isfinite(value).all()
            told.append(
                optuna.trial.create_trial(
                    state=optuna.trial.TrialState.FAIL if failed else optuna.trial.TrialState.COMPLETE,
                    params={name: int(choice) for name, choice in zip(distributions, row, strict=True)},
                    distributions=distributions,
                    values=None if failed else value.tolist(),
                    system_attrs=dict(noted),
                )
            )
        return OptunaState((*state.trials, *told))

    return Strategy("optuna", choices, init, ask, tell, settings.batch, settings.objectives, traceable=False)
