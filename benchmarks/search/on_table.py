"""Searches in a table of one's own: what `accelnas search --table` and `accelnas compare --table` do."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jax
import moocore
import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError, NoResultError, check_count, report
from benchmarks.evaluators.spec import strategy_content, strategy_title, strategy_word
from benchmarks.runtime.console import plain_console, print_frame
from benchmarks.runtime.mapped import map_jobs
from benchmarks.runtime.worker import Report
from benchmarks.search.front import front
from benchmarks.search.options import parse_algorithm
from benchmarks.search.sent import SentStrategy
from benchmarks.search.verdict import against_random, exclusion
from benchmarks.statistics.contrasts import many_to_one
from benchmarks.statistics.intervals import mean_interval
from benchmarks.store.files import by_content, run_folder, write_table
from benchmarks.tables.own import ABSENT, OwnTable
from benchmarks.tables.own_files import read_table, with_costs
from nas_algos.load import build_strategy, factory_of
from nas_algos.loop import Search, search
from nas_algos.objectives import Objective, best_quality, highest_quality, keeps, pareto, within
from nas_algos.policies import POLICIES, Policy
from nas_algos.settings import default_settings, setting_names
from nas_algos.strategy import Strategy
from nas_algos.trajectory import Found

STRATEGIES = ("random", "local_search", "regularised_evolution", "genetic", "auto")
"""What `accelnas compare --table` compares where none is named."""
FRONTS = ("random", "nsga2", "auto")
"""The same for two objectives."""
CONTROL = "random"
TABLE_GIB = 2.0
"""Memory that a cluster's worker is counted with."""


def load(table: Path, accelerator: str | None, bounds: Mapping[str, float | None]) -> tuple[OwnTable, dict[str, float]]:
    """The table, with a device's costs where `accelerator` is a CSV file of them, and the bounds that are given.

    Raises BenchmarkInputError for what is no such file, and for a bound on a cost that the table does not have.
    """
    loaded = read_table(table)
    if accelerator is not None:
        if not accelerator.endswith(".csv"):
            raise BenchmarkInputError(
                f"accelerator {accelerator[:60]!r} with --table; allowed: a CSV file of costs, as networks of "
                "tables have no blocks to ask a model of"
            )
        loaded = with_costs(loaded, Path(accelerator))
    given = {name: value for name, value in bounds.items() if value is not None}
    for name, value in given.items():
        if name not in loaded.costs:
            raise BenchmarkInputError(f"the table has no {name}; its costs: {', '.join(loaded.costs)[:150] or 'none'}")
        if not (math.isfinite(value) and value > 0):
            raise BenchmarkInputError(f"bound on {name} is {value}; allowed: finite numbers above 0")
    if not loaded.within(given).any():
        trained = np.isfinite(loaded.true)
        costs = {name: loaded.costs[name][trained] for name in given}
        least = ", ".join(f"{name} {costs[name].min():.4g}" for name in given if trained.any())
        why = exclusion(costs, given) or f"its least: {least or 'all failed'}"
        raise BenchmarkInputError(f"no network of the table is within the bounds; {why}")
    return loaded, given


def search_table(
    table: OwnTable, bounds: Mapping[str, float], strategy: str | None, given: Sequence[str], budget: int, seeds: int
) -> list[Found]:
    """One search for each seed; search s sees training s modulo k of each network."""
    chosen = parse_algorithm(strategy, "trained", "plain", given, table.cardinalities, budget)
    plain, policy = POLICIES["plain"], chosen["policy"]
    if policy != plain:
        changed = [name for name in setting_names(plain) if getattr(policy, name) != getattr(plain, name)]
        allowed = ", ".join(setting_names(default_settings(factory_of(chosen["strategy"])))) or "none"
        raise BenchmarkInputError(
            f"--set {', '.join(changed)} with a table, of which a training is one row; allowed: {allowed}"
        )
    built = build_strategy(chosen["strategy"], table.cardinalities, budget, settings=chosen["strategy_settings"])
    return _searches(table, bounds, built, strategy_word(chosen["strategy"]), budget, seeds)


def run_search(
    path: Path,
    accelerator: str | None,
    bounds: Mapping[str, float | None],
    strategy: str | None,
    given: Sequence[str],
    budget: int,
    seeds: int,
    results: Path,
) -> pd.DataFrame:
    """Search, print what was found, and write table.csv and candidates.csv.

    Raises NoResultError where nothing was found.
    """
    table, limits = load(path, accelerator, bounds)
    found = search_table(table, limits, strategy, given, budget, seeds)
    settings = {
        **{"table": by_content(path), "accelerator": by_content(accelerator), "bounds": limits},
        **{"strategy": strategy_content(strategy), "settings": list(given), "budget": budget, "seeds": seeds},
    }
    folder = run_folder(results, f"table-{table.name}-{strategy_title(strategy or 'auto')}", settings)
    best = float(table.true[table.within(limits)].max())
    rows = []
    for seed, each in enumerate(found):
        for candidate in front(each):
            rows.append(
                {
                    "seed": seed,
                    **_decoded(table, candidate.genotype),
                    "seen_quality": candidate.quality,
                    "quality": float(table.true[table.places[candidate.genotype]]),
                    "below_best": best - float(table.true[table.places[candidate.genotype]]),
                    **{name: candidate.cost[name] for name in table.costs},
                    "within_bound": keeps(candidate.cost, limits),
                    "evaluations": int(each.spend.trainings),
                }
            )
    candidates = [
        {"seed": seed, "step": one.step, **_decoded(table, one.genotype), "state": one.state, "quality": one.quality}
        | {"within_bound": one.state != "infeasible"}
        for seed, each in enumerate(found)
        for one in each.candidates
    ]
    write_table(folder / "candidates.csv", pd.DataFrame(candidates))
    early = [f"search {seed}: {each.ended}" for seed, each in enumerate(found) if each.ended]
    if not rows:
        raise NoResultError("; ".join([f"no search found a network of the table in {budget} evaluations", *early]))
    if early:
        report(f"ended before the budget was spent: {'; '.join(early)}")
    frame = pd.DataFrame(rows)
    write_table(folder / "table.csv", frame)
    first = ["seed", "quality", "below_best", *table.costs, "evaluations"]  # what decisions leave no room for else
    ordered = frame.reindex(columns=first + [name for name in frame if name not in first])
    _print(table, limits, ordered, folder, f"the best found is {frame['below_best'].min():.4g} below the table's best")
    return frame


def run_compare(
    path: Path,
    accelerator: str | None,
    bounds: Mapping[str, float | None],
    names: Sequence[str],
    objectives: int,
    budget: int,
    seeds: int,
    output: Path,
) -> pd.DataFrame:
    """Strategies side by side: a row each, against random search (`many_to_one`); printed and written as compare.csv.

    With one objective `value` is how far the true quality of what was found is below the best of the table; with two
    it is the hypervolume of quality and the first cost, as a share of the whole table's, from its worst of both.
    """
    check_count("seeds", seeds, least=2)
    table, limits = load(path, accelerator, bounds)
    if objectives not in (1, 2) or (objectives == 2 and not table.costs):
        raise BenchmarkInputError(f"objectives is {objectives}; allowed: 1, or 2 for a table that has a cost")
    wanted = tuple(names) or (STRATEGIES if objectives == 1 else FRONTS)
    made = list(dict.fromkeys((CONTROL, *wanted)))
    for name in made:  # what is not allowed is said before anything is searched
        build_strategy(name, table.cardinalities, budget, objectives)
    contest, answers = _Contest(table, limits, objectives, budget, seeds), []
    jobs = map_jobs(_contend, contest, [SentStrategy.of(name) for name in made], TABLE_GIB)
    for name, answer in zip(made, jobs, strict=True):
        answers.append(answer)
        print(f"{strategy_title(name)}: searched", flush=True)
    values = {name: each for name, (each, _) in zip(made, answers, strict=True)}
    used = {name: each for name, (_, each) in zip(made, answers, strict=True)}
    contrasts = many_to_one(values, CONTROL)
    called = Counter(map(strategy_title, made))
    titles = {name: name if called[strategy_title(name)] > 1 else strategy_title(name) for name in made}
    rows = []
    for name, each in values.items():
        mean, low, high = mean_interval(each)
        p = contrasts[name].p if name in contrasts else math.nan
        rows.append(
            {
                **{"strategy": titles[name], "evaluations": used[name]},
                **{"seeds": seeds, "value": mean, "low": low, "high": high, "p_adjusted": p},
            }
        )
    settings = {
        **{"table": by_content(path), "accelerator": by_content(accelerator), "bounds": limits},
        **{"names": list(map(strategy_content, made)), "objectives": objectives, "budget": budget, "seeds": seeds},
    }
    folder, frame = run_folder(output, f"table-{table.name}-compare", settings), pd.DataFrame(rows)
    write_table(folder / "compare.csv", frame)
    sign = 1 if objectives == 1 else -1  # regret is a loss, hypervolume is not
    losses = {row["strategy"]: (sign * row["value"], row["p_adjusted"]) for row in rows}
    verdict = against_random(losses, sign * rows[0]["value"])  # made first
    _print(table, limits, frame, folder, f"at equal spend {verdict}")
    return frame


@dataclass(frozen=True)
class _Contest:
    """What every strategy of a contest is given; fields as in `run_compare`."""

    table: OwnTable
    bounds: Mapping[str, float]
    objectives: int
    budget: int
    seeds: int


def _contend(contest: _Contest, strategy: SentStrategy, progress: Report) -> tuple[list[float], float]:
    """What each search of one strategy was worth, and how many trainings one took."""
    table = contest.table
    with strategy.here() as name:
        built = build_strategy(name, table.cardinalities, contest.budget, contest.objectives)
        found = _searches(table, contest.bounds, built, strategy_word(name), contest.budget, contest.seeds)
    able = table.within(contest.bounds)
    values = [_value(table, able, each, contest.objectives) for each in found]
    return values, float(np.mean([each.spend.trainings for each in found]))


def _searches(
    table: OwnTable, bounds: Mapping[str, float], strategy: Strategy, word: int, budget: int, seeds: int
) -> list[Found]:
    """word: the strategy's own, so that no two of a contest draw alike, which are tested as independent."""
    evaluator, objective = table.evaluator(), _objective(table, bounds, strategy.objectives)
    strategy = table.canonical(strategy)
    count = len(table.qualities)
    # once all within the bounds are trained there is nothing more to find
    most = min(budget, int(within(table.costs, bounds, count).sum()))
    # those are known to be there, and a proposal costs nothing: one that finds none for long goes on
    policy = Policy(proposals=POLICIES["plain"].most_proposals(min(budget, count)))
    own = jax.random.fold_in(jax.random.key(0), word)
    keys = [jax.random.fold_in(own, seed) for seed in range(seeds)]
    return [search(Search(strategy, evaluator, objective, most, key, policy, at)) for at, key in enumerate(keys)]


def _objective(table: OwnTable, bounds: Mapping[str, float], objectives: int) -> Objective:
    limits = {**table.bounds, **bounds}
    if objectives == 1:
        return best_quality(limits) if limits else highest_quality()
    if objectives != 2 or not table.costs:
        raise BenchmarkInputError(f"objectives is {objectives}; allowed: 1, or 2 for a table that has a cost")
    return pareto([next(iter(table.costs))], limits)


def _value(table: OwnTable, able: np.ndarray, found: Found, objectives: int) -> float:
    if objectives == 1:
        # of a search that found nothing, the worst that it could have found
        true = table.true[table.places[found.best.genotype]] if found.best else table.true[able].min()
        return float(table.true[able].max() - true)
    scores = np.stack([-table.true, next(iter(table.costs.values()))], 1)
    reference = scores[able].max(0) + 1e-9
    rows = [table.places[each.genotype] for each in found.candidates if each.state == "evaluated"]
    seen = scores[[row for row in rows if able[row]]].reshape(-1, 2)
    whole = moocore.hypervolume(scores[able], ref=reference)
    return float(moocore.hypervolume(seen, ref=reference) / whole) if len(seen) and whole > 0 else 0.0


def _decoded(table: OwnTable, genotype: Sequence[int]) -> dict[str, str]:
    return {name: own[choice] for name, own, choice in zip(table.decisions, table.choices, genotype, strict=True)}


def _print(table: OwnTable, bounds: Mapping[str, float], frame: pd.DataFrame, folder: Path, verdict: str) -> None:
    console = plain_console()
    limits = ", ".join(f"{name} <= {bound:.4g}" for name, bound in bounds.items() if name != ABSENT)
    known = "every genotype" if table.complete else f"{len(table.places)} of {math.prod(table.cardinalities)} genotypes"
    console.print(f"{table.name}: {known}; {table.resolution(bounds)}", soft_wrap=True)
    if limits:
        console.print(f"within {limits}", soft_wrap=True)
    print_frame(frame, console)
    console.print(f"Written to {folder}\nVerdict: {verdict}.", soft_wrap=True)
