"""From the options of a command line to what is searched, checked before anything long starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.errors import BenchmarkInputError, check_count, check_once
from benchmarks.evaluators.spec import check_evaluator
from benchmarks.evaluators.zero_shot_search import STRATEGY as SCORE_STRATEGY
from benchmarks.search.searches import DEFAULT_STRATEGY
from nas_algos.load import build_strategy, factory_of
from nas_algos.policies import POLICIES, Policy, most_asked
from nas_algos.settings import changed, default_settings, setting_names
from nas_algos.single_shot.registry import find_single_shot


def parse_algorithm(
    strategy: str | None, evaluator: str, policy: str, given: Sequence[str], cardinalities: Sequence[int], budget: int
) -> dict[str, Any]:
    """The fields of a SearchSpec that say how is searched: strategy, evaluator, policy and their settings.

    given: NAME=VALUE, or strategy.NAME=VALUE and the like where several have a setting of that name.
    Raises BenchmarkInputError or AlgorithmInputError, naming what is allowed.
    """
    check_evaluator(evaluator)
    check_count("budget", budget)
    if policy not in POLICIES:
        raise BenchmarkInputError(f"unknown policy {policy[:60]!r}; allowed: {', '.join(POLICIES)}")
    if strategy is None and not evaluator.startswith("supernet"):
        strategy = DEFAULT_STRATEGY if evaluator == "trained" else SCORE_STRATEGY
    supernet = find_single_shot(evaluator.partition(":")[2]) if evaluator.startswith("supernet") else None
    defaults = {
        "strategy": None if strategy is None else default_settings(factory_of(strategy)),
        "evaluator": None if supernet is None else default_settings(supernet),
        "policy": POLICIES[policy],
    }
    chosen = _sorted_out(given, {owner: setting_names(each) for owner, each in defaults.items()})
    made: Policy = changed("policy", defaults["policy"], chosen["policy"])
    if made != POLICIES["plain"] and evaluator != "trained":
        raise BenchmarkInputError(f"policy {policy!r} with evaluator {evaluator}; allowed: trained, or policy plain")
    trainings = most_asked(made, budget)
    changed(f"evaluator {evaluator}", defaults["evaluator"], chosen["evaluator"])
    if strategy is not None:
        columns = None if evaluator == "trained" else 1
        built = build_strategy(strategy, tuple(cardinalities), trainings, columns, chosen["strategy"])
        if built.objectives > 2:
            raise BenchmarkInputError(f"{built.label} takes {built.objectives} objectives; allowed: 1, 2")
        if built.objectives > 1 and not made.takes_several_objectives:
            raise BenchmarkInputError(f"{built.label} takes {built.objectives} objectives; allowed with {policy}: 1")
    return {
        "strategy": strategy,
        "evaluator": evaluator,
        "policy": made,
        "strategy_settings": chosen["strategy"],
        "evaluator_settings": chosen["evaluator"],
    }


def _sorted_out(given: Sequence[str], names: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    """{owner: {setting: text}} of NAME=VALUE."""
    chosen: dict[str, dict[str, str]] = {owner: {} for owner in names}
    for text in given:
        name, equals, value = text.partition("=")
        owner, _, plain = name.rpartition(".")
        owners = [each for each in names if owner in ("", each) and plain in names[each]]
        if not equals or not owners:
            allowed = "; ".join(f"of the {each}: {', '.join(own)}" for each, own in names.items() if own)
            raise BenchmarkInputError(f"--set {text[:40]!r}; allowed: NAME=VALUE, {allowed}")
        if len(owners) > 1:
            allowed = ", ".join(f"{each}.{plain}" for each in owners)
            raise BenchmarkInputError(f"--set {plain!r} is a setting of several; allowed: {allowed}")
        check_once("--set", [*chosen[owners[0]], plain])
        chosen[owners[0]][plain] = value
    return chosen
