"""What strategies find on whole spaces as tables beside their peers, and how long a suggestion takes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from benchmarks.markdown import Row, interval, rows, table
from benchmarks.search.peers import PEERS as ASKED
from benchmarks.statistics.contrasts import LEVEL, Summary, holm, welch, welch_of_means

PEERS = ("pymoo", "optuna ", "syne_tune")
"""How the names of peers begin; ours may be called optuna."""
CONTESTS = (
    "sought",
    "problem",
    "evaluations",
    "our best",
    "its mean",
    "best peer",
    "its mean",
    "adjusted p",
    "verdict",
)
TRAINED = "trained tables"
DEFAULT = ("sought", "problems", "evaluations", "auto's mean", "best peer on the mean")
DEFAULT += ("its mean", "adjusted p", "verdict")
SPEED = ("strategy", "evaluations", "seeds", "us a suggestion", "times pymoo's rate", "times Optuna's")


def page(folder: Path) -> str:
    """The page's Markdown."""
    regret, fronts = rows(folder / "regret.csv"), rows(folder / "hypervolume.csv")
    contests = [*_contests(regret, "regret", smallest=True), *_contests(fronts, "hypervolume", smallest=False)]
    adjusted = holm([each["p"] for each in contests])
    for each, p in zip(contests, adjusted, strict=True):
        each["p"] = p
    defaults = [*_defaults(regret, "regret", smallest=True), *_defaults(fronts, "hypervolume", smallest=False)]
    for line, p in zip(defaults, holm([line.pop("p") for line in defaults]), strict=True):
        line["p"] = p
    defaults = [_default(line) for line in defaults]
    return f"""\
With a table as evaluator a whole search is one `lax.scan`, and a thousand seeds one `vmap`.  Whole spaces stand as
tables.  In three latency is a parametric NPU's, summed exactly, and error a formula: they say how well strategies
search, and nothing about real networks.  NAS-Bench-Macro is trained networks with their FLOPs.  {_trained(regret)}What
is charged is different networks, also those over a bound; a network proposed again costs nothing.  Of a network over
the bound the peers and `auto` are told the error as well; our other strategies learn by how far they miss.

Sought are the least error, the least within a bound that a quarter of the networks keep (both: regret, the true error
of the network found less the least there is, while a search sees one noisy draw), and the Pareto front of error and
cost (hypervolume as a share of the true front's).  The made-up tables and NAS-Bench-Macro have three draws, which
searches share: intervals and p are given these, so that their noise is of n = 3 trainings a network, however many the
seeds.  Our best strategy against the best peer, by the mean over seeds; p:
Welch's test, two-sided, adjusted for all rows by Holm's procedure:

{table(CONTESTS, map(_contest, contests))}
{_verdict(contests)}

Mean over the problems of each, trained tables apart, as not everything was run on both:

{_means(regret, fronts)}
{_missing(regret, fronts)}

The default, `auto`, against the best peer on that mean, among peers with rows of all these problems; p as above, of the
difference of the two means over the problems (Welch's test with Satterthwaite's degrees of freedom):

{table(DEFAULT, defaults)}
{_unasked(regret, fronts)}

CPU time of a suggestion on one core (two threads double that of a search on the host): of all seeds in one call; of one
search round by round ("on the host"); of the peers' searches one after the other.

{table(SPEED, map(_speed, rows(folder / "speed.csv")))}
The peers' rows are of before suggestions of networks that they know already were counted: what they take for one, and
what ours are compared with, is too much, by a factor above 2 for Optuna's NSGA-II.
"""


def _trained(found: list[Row]) -> str:
    """What `trained-TASK` problems are, where there are any."""
    if not any(_kind(row) == TRAINED for row in found):
        return ""
    return (
        "Those called `trained-TASK` are the 177,147 networks of a task's arena: quality as the surrogate of the "
        "task's trainings expects it, latency by the estimator; searches of one strategy see different trainings, "
        "the first of each strategy the same, with noise as the surrogate says that seeds differ.  "
    )


def _kind(row: Row) -> str:
    """Which problems a mean is over."""
    return TRAINED if row["problem"].startswith("trained-") else "whole spaces"


def _goal(row: Row) -> str:
    return "front" if "hypervolume" in row else "error" if math.isinf(row["bound"]) else "bounded"


def _is_peer(row: Row) -> bool:
    return row["strategy"].startswith(PEERS)


def _contests(found: list[Row], value: str, smallest: bool) -> list[Row]:
    """Of each problem, goal and budget the best of ours and the best peer."""
    groups: dict[tuple[str, str, int], list[Row]] = {}
    for row in found:
        groups.setdefault((_goal(row), row["problem"], row["evaluations"]), []).append(row)
    contests: list[Row] = []
    for (goal, problem, budget), each in groups.items():
        best = {
            peer: min(
                (row for row in each if _is_peer(row) == peer),
                key=lambda row: row[value] if smallest else -row[value],
                default=None,
            )
            for peer in (False, True)
        }
        ours, theirs = best[False], best[True]
        if ours is None or theirs is None:
            continue
        summaries = [_summary(row, value) for row in (ours, theirs)]
        lead = summaries[1].mean - summaries[0].mean
        contests.append(
            {
                "goal": goal,
                "problem": problem,
                "evaluations": budget,
                "ours": ours,
                "theirs": theirs,
                "value": value,
                "lead": lead if smallest else -lead,
                "p": welch(*summaries),
            }
        )
    return contests


def _summary(row: Row, value: str) -> Summary:
    return Summary(row[value], row["low"], row["high"], row["seeds"])


def _defaults(found: list[Row], value: str, smallest: bool) -> list[Row]:
    """Of each goal, kind of problem and budget `auto` and the peer of the best mean, where both have rows of all."""
    problems = {(_goal(row), _kind(row), row["evaluations"], row["problem"]) for row in found}
    groups: dict[tuple[str, str, int], dict[str, list[Summary]]] = {}
    for row in found:
        if row["strategy"] == "auto" or _is_peer(row):
            group = groups.setdefault((_goal(row), _kind(row), row["evaluations"]), {})
            group.setdefault(row["strategy"], []).append(_summary(row, value))
    lines: list[Row] = []
    for key, group in sorted(groups.items()):
        whole = sum(each[:3] == key for each in problems)
        means = {
            name: sum(each.mean for each in summaries) / whole
            for name, summaries in group.items()
            if len(summaries) == whole
        }
        ours = means.pop("auto", None)
        if ours is None or not means:
            continue
        best = (min if smallest else max)(means, key=lambda name: means[name])
        lead = means[best] - ours if smallest else ours - means[best]
        p = welch_of_means(group["auto"], group[best])
        goal, kind, budget = key
        lines.append({"goal": goal, "kind": kind, "budget": budget, "ours": ours, "best": best, "theirs": means[best]})
        lines[-1] |= {"lead": lead, "p": p}
    return lines


def _default(line: Row) -> list[str]:
    start = [line["goal"], line["kind"], str(line["budget"]), f"{line['ours']:.4f}"]
    start += [line["best"], f"{line['theirs']:.4f}"]
    return [*start, f"{line['p']:.2g}", _said(line)]


def _unasked(*files: Iterable[Row]) -> str:
    """Which peers were not run on what they can be asked, as far as there are rows of anybody."""
    found = [row for each in files for row in each]
    asked = {(_goal(row), row["problem"], row["evaluations"]) for row in found}
    parts = []
    for name, peer in ASKED.items():
        wanted = [each for each in asked if each[0] in peer.goals]
        have = sum(
            (_goal(row), row["problem"], row["evaluations"]) in wanted for row in found if row["strategy"] == name
        )
        if have < len(wanted):
            parts.append(f"{name} {have} of {len(wanted)}")
    if not parts:
        return "Every peer has rows of every problem and number of evaluations that it can be asked."
    return (
        f"Not all peers were run on all that they can be asked: {', '.join(parts)} pairs of a problem and a number of "
        'evaluations. What is missing takes hours of a core, so that "best peer" is the best of those that were run.'
    )


def _said(contest: Row) -> str:
    return "level" if contest["p"] >= LEVEL else "ahead" if contest["lead"] > 0 else "behind"


def _contest(contest: Row) -> list[str]:
    value = contest["value"]
    cells = [
        cell
        for row in (contest["ours"], contest["theirs"])
        for cell in (row["strategy"], interval(row, value, "low", "high", digits=4))
    ]
    start = [contest["goal"], contest["problem"], str(contest["evaluations"])]
    return [*start, *cells, f"{contest['p']:.2g}", _said(contest)]


def _verdict(contests: list[Row]) -> str:
    counts = {word: sum(_said(each) == word for each in contests) for word in ("ahead", "level", "behind")}
    return (
        f"In {len(contests)} comparisons our best strategy is ahead of the best peer in {counts['ahead']}, not "
        f"significantly different from it in {counts['level']}, and behind it in {counts['behind']}, at {LEVEL:.0%}."
    )


def _means(regret: list[Row], fronts: list[Row]) -> str:
    """A table for each goal and kind of problem."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in [*regret, *fronts]:
        groups.setdefault((_goal(row), _kind(row)), []).append(row)
    return "\n".join(
        _mean(own, "hypervolume" if goal == "front" else "regret", f"{goal}, {kind}")
        for (goal, kind), own in groups.items()
    )


def _mean(of_goal: list[Row], value: str, title: str) -> str:
    """A row for each strategy, its means over the problems that have rows of a budget where it has them all."""
    budgets = sorted({row["evaluations"] for row in of_goal})
    problems = {budget: {row["problem"] for row in of_goal if row["evaluations"] == budget} for budget in budgets}
    lines = []
    for name in dict.fromkeys(row["strategy"] for row in of_goal):
        cells = []
        for budget in budgets:
            values = [row[value] for row in of_goal if (row["strategy"], row["evaluations"]) == (name, budget)]
            cells.append(f"{sum(values) / len(values):.4f}" if len(values) == len(problems[budget]) else "-")
        lines.append([name, *cells])
    return table([f"{title}: {value}", *(f"{budget} evaluations" for budget in budgets)], lines)


def _missing(*files: Iterable[Row]) -> str:
    """How many seeds peers have, since some are too slow for the seeds of the others."""
    seeds: dict[str, set[int]] = {}
    for row in (row for found in files for row in found):
        seeds.setdefault(row["strategy"], set()).add(row["seeds"])
    parts = [f"{name} {' or '.join(map(str, sorted(each)))}" for name, each in seeds.items()]
    return f"Seeds: {', '.join(parts)}.  A dash stands where not all problems were run."


def _speed(row: Row) -> list[str]:
    ratios = [f"{row[name]:.3g}" for name in ("us_per_suggestion", "ratio_to_pymoo", "ratio_to_optuna")]
    return [row["strategy"], str(row["evaluations"]), str(row["seeds"]), *ratios]
