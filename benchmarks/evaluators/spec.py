"""One search in words and numbers: all that its result depends on besides the code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.files import by_content
from benchmarks.store.keys import canonical_json
from hw_model.cost_models import cost_model
from nas_algos.evaluator import Costs
from nas_algos.policies import POLICIES, Policy
from nas_algos.registry import STRATEGIES, find_strategy, source_of, strategy_names
from nas_algos.settings import changed, default_settings
from nas_algos.single_shot.registry import find_single_shot
from nas_algos.zero_shot.scores import SCORES, measured_names
from tasks.fidelity import Fidelity
from tasks.spaces.check import check_one_size
from tasks.spaces.space import SearchSpace
from tasks.task import Task

STRATEGIES_CODE_VERSION = "2"
"""Raise it when a change to our strategies, or to the settings that fit them to a budget, changes what they propose."""


@dataclass(frozen=True)
class SearchSpec:
    """A strategy and an evaluator, on a task's space, within bounds on an accelerator's costs.

    Raises TaskInputError where the evaluator needs outputs of one size and the space has others.
    """

    task: Task
    space: SearchSpace
    accelerator: str
    bounds: Mapping[str, float]
    """{cost: most}, by the accelerator's cost model."""
    fidelity: Fidelity
    """Of one training from scratch."""
    budget: float
    """Trainings at that fidelity whose example passes the search may spend; any evaluator is charged in these."""
    evaluator: str = "trained"
    """trained, supernet:ALGORITHM or zero_shot:SCORE."""
    strategy: str | None = None
    """A name in the registry or the path of a file; None is the evaluator's own way to decide."""
    seed: int = 0
    policy: Policy = POLICIES["plain"]
    strategy_settings: Mapping[str, Any] = field(default_factory=dict)
    """Instead of those that fit the budget; texts are read as what they stand for."""
    evaluator_settings: Mapping[str, Any] = field(default_factory=dict)
    """Of a supernet's algorithm, instead of its defaults."""

    def __post_init__(self):
        if self.kind != "trained":  # before data are prepared
            check_one_size(self.space, self.task)

    @property
    def kind(self) -> str:
        """trained, supernet or zero_shot."""
        return self.evaluator.partition(":")[0]

    @property
    def variant(self) -> str:
        """The single-shot algorithm or the zero-shot score; empty for trainings."""
        return self.evaluator.partition(":")[2]

    @property
    def training_passes(self) -> int:
        """Example passes of one training."""
        return self.fidelity.steps * self.fidelity.batch_size

    @property
    def passes(self) -> float:
        """Example passes that the search may spend."""
        return float(self.budget * self.training_passes)

    @property
    def costs(self) -> Costs:
        """Costs of the space's genotypes by the accelerator's model."""
        return space_costs(self.space, self.accelerator)

    def key(self) -> dict[str, Any]:
        """What a result is kept under: settings objects and plain values."""
        strategy = None
        if self.strategy is not None:
            content = strategy_content(self.strategy)
            strategy = [content, dict(self.strategy_settings), STRATEGIES_CODE_VERSION]
        return {
            "task": self.task,
            "data_version": self.task.data_version(self.fidelity.data),
            "space": self.space,
            "cost_model": cost_model(self.accelerator).fingerprint,
            "bounds": {name: float(bound) for name, bound in self.bounds.items()},
            "fidelity": self.fidelity,
            "budget": self.budget,
            "evaluator": self.evaluator,
            "evaluator_settings": self._evaluator_settings(),
            "strategy": strategy,
            "seed": self.seed,
            "policy": self.policy,
        }

    def _evaluator_settings(self) -> Any:
        """All of them, so that a changed default is another key."""
        if self.kind != "supernet":
            return None
        return changed(self.evaluator, default_settings(find_single_shot(self.variant)), self.evaluator_settings)


def strategy_title(name: str) -> str:
    """A strategy as tables and names of folders have it: without the folders that its file lies in."""
    return Path(name).stem if name.endswith(".py") else name


def strategy_content(name: str | None) -> Any:
    """What keys and a run's settings say of a strategy: its name and, unless it is ours, what its file holds.

    Raises AlgorithmInputError for an installed package's that cannot be imported.
    """
    if name in STRATEGIES or name not in strategy_names():
        return by_content(name)
    source = Path(source_of(find_strategy(name)))
    return {"strategy": name} | (by_content(source) if source.is_file() else {})


def strategy_word(name: str) -> int:
    """A uint32 of a strategy's own, wherever its file lies, to fold into keys of searches that are told apart as
    independent: of ours by the name, of others' by what `strategy_content` says.
    """
    content = strategy_content(name)
    return crc32((content if isinstance(content, str) else canonical_json(content)).encode())


def check_evaluator(name: str) -> None:
    """Raise BenchmarkInputError or AlgorithmInputError, naming what is allowed, for what is no evaluator."""
    kind, _, variant = name.partition(":")
    if kind == "supernet":
        find_single_shot(variant)
    elif kind == "zero_shot":
        if variant not in SCORES or variant not in measured_names([variant]):
            allowed = ", ".join(each for each in SCORES if each in measured_names([each]))
            raise BenchmarkInputError(f"unknown zero-shot score {variant[:40]!r} of one network; allowed: {allowed}")
    elif name != "trained":
        raise BenchmarkInputError(
            f"unknown evaluator {name[:60]!r}; allowed: trained, supernet:ALGORITHM, zero_shot:SCORE"
        )


def space_costs(space: SearchSpace, accelerator: str) -> Costs:
    """Costs of a space's genotypes by the accelerator's model, as `Evaluator.cost` gives them."""
    model = cost_model(accelerator).estimate
    return lambda genotypes: model(space.lower(genotypes)).cost._asdict()
