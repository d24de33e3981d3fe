"""What supernets rank, cost and find."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from benchmarks.markdown import Row, code, rows, span, table
from benchmarks.statistics.intervals import mean_interval
from nas_algos.single_shot.registry import SINGLE_SHOT

CONTEST = ("task", "accelerator", "budget")
"""Columns of what supernets are compared within."""
HEADER = ("task", "accelerator", "spend", "supernet", "seeds", "Kendall tau (95% interval), n", "of MACs")
HEADER += ("cost in trainings", "ms found", "ms asked for", "within the bound", "preferred network within it")
HEADER += ("mean largest probability",)
FIRST = "6 short trainings"
"""What supernets of version 1 could spend, whose rows do not say."""


class Supernets(NamedTuple):
    """Those of one algorithm and spend, on one task and accelerator."""

    contest: tuple[str, str, str]
    """Task, accelerator, and the trainings whose example passes each might spend, in words."""
    algorithm: str
    rows: list[Row]
    """Of single_shot.csv, one a seed."""
    tau: tuple[float, float, float]
    """The mean over them and its interval: over supernets and networks, of version 1 over supernets alone."""

    def mean(self, column: str) -> float:
        """Over the seeds."""
        return sum(row[column] for row in self.rows) / len(self.rows)

    @property
    def first_version(self) -> bool:
        """Whether they are of before rows said what a supernet might spend."""
        return self.contest[-1] == FIRST


def supernets(folder: Path) -> list[Supernets]:
    """Those of a folder of results, contest by contest."""
    path = folder / "single_shot_spend.csv"
    spends: dict[tuple[str, ...], Row] = {}
    for row in rows(path) if path.exists() else ():
        spends[*_contest(row), row["algorithm"]] = row
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows(folder / "single_shot.csv"):
        groups.setdefault((*_contest(row), row["algorithm"]), []).append(row)
    found = []
    for (*contest, algorithm), own in groups.items():
        if contest[-1] == FIRST:
            tau = mean_interval([row["kendall_tau"] for row in own])
        else:
            spend = spends[*contest, algorithm]
            tau = spend["kendall_tau"], spend["low"], spend["high"]
        found.append(Supernets((contest[0], contest[1], contest[2]), algorithm, own, tau))
    return sorted(found, key=lambda each: (*each.contest[:2], each.rows[0].get("budget", 0)))


def _contest(row: Row) -> tuple[str, str, str]:
    return row["task"], row["accelerator"], f"{row['budget']:.0f} trainings" if "budget" in row else FIRST


def page(folder: Path) -> str:
    """The page's Markdown."""
    found = supernets(folder)
    ranked = [_ranked(contest, list(each)) for contest, each in groupby(found, key=lambda each: each.contest)]
    return f"""\
Single-shot searches train one supernet; `accelnas search --evaluator supernet:gumbel`, `supernet:tunas`,
`supernet:one_shot` and `supernet:sandwich` run them.
How their supernets' ranking compares with training from scratch, what they cost and what they find:

{table(HEADER, map(_line, found))}
Each supernet may spend the example passes of so many trainings ("spend"{_recipe(found)}); its cost is in
FLOPs, and Gumbel-softmax computes every kind of block to learn which is best.  The sandwich rule spends two thirds of
the passes on the largest and the smallest network.  Tau is that of inherited with trained quality over n
architectures, mean of the supernets, {_interval(found)}

{chr(10).join(ranked)}

{_settled(found)}

So this table says what supernets of these spends do, and nothing of larger ones.
{_untried(each.algorithm for each in found)}
"""


def _recipe(found: list[Supernets]) -> str:
    return "" if found[0].first_version else ", by the tables' recipe"


def _interval(found: list[Supernets]) -> str:
    if found[0].first_version:
        return (
            "with Student's interval over them, which leaves out what other architectures would change; beside it "
            "that of MACs.  These rows are of before what adding or removing a layer changes was mended, which "
            "Gumbel-softmax learned wrongly (version 1 of supernets, each of six short trainings of the first version)."
        )
    return (
        "with a bootstrap interval over supernets and cells of the table's design, whose networks are alike; beside it "
        "that of MACs."
    )


def _ranked(contest: tuple[str, str, str], found: list[Supernets]) -> str:
    """Which supernets of one contest rank networks, and which better than counting MACs does."""
    task, accelerator, spend = contest
    ranking = [each for each in found if each.tau[1] > 0]
    better = [each.algorithm for each in ranking if each.tau[1] > each.rows[0]["macs_tau"]]
    names = [each.algorithm for each in ranking]
    wrong = [each.algorithm for each in found if each.tau[2] < 0]
    level = [each.algorithm for each in found if each.algorithm not in {*names, *wrong}]
    parts = [f"better than at random rank {code(names)}"]
    parts[0] += f", of these better than counting MACs by the whole interval {code(better)}" if names else ""
    parts += [f"worse than at random {code(wrong)}"] if wrong else []
    parts += [f"not told from random are {code(level)}"] if level else []
    return f"- {task.capitalize()} on {accelerator}, {spend}: {'; '.join(parts)}."


def _settled(found: list[Supernets]) -> str:
    """What distributions over networks came to, of the algorithms that learn one."""
    learned = [each for each in found if not math.isnan(each.rows[0]["certainty"])]
    if not learned:
        return ""
    names = code(dict.fromkeys(each.algorithm for each in learned))
    text = (
        f"A choice of {names} has a largest probability of {span((each.mean('certainty') for each in learned), 2)} at "
        "the end (mean over decisions; 1 is one network)."
    )
    every = [row for each in learned for row in each.rows]
    over = [row["preferred_latency_ms"] / row["latency_target_ms"] - 1 for row in every if not row["met_unconstrained"]]
    if over:
        text += (
            f'  The network that the distribution prefers is over the bound in {len(over)} of {len(every)} ("preferred '
            f'network within it"), by up to {max(over):.1%}; what is given out is the most probable one within it.'
        )
    return text


def _untried(names: Iterable[str]) -> str:
    """Which algorithms the table lacks; "" for none."""
    there = set(names)
    lacking = [name for name in SINGLE_SHOT if name not in there]
    return f"Of the suite's algorithms {code(lacking)} are not in the table yet." if lacking else ""


def _line(each: Supernets) -> list[str]:
    first, count, tau = each.rows[0], len(each.rows), each.tau
    learned = not math.isnan(first["certainty"])
    return [
        *each.contest,
        each.algorithm,
        str(count),
        f"{tau[0]:.2f} ({tau[1]:.2f} to {tau[2]:.2f}), {first['n']}",
        f"{first['macs_tau']:.2f}",
        f"{each.mean('cost_in_trainings'):.1f}",
        f"{each.mean('latency_ms'):.3f}",
        f"{first['latency_target_ms']:.3f}",
        f"{sum(row['meets_target'] for row in each.rows)} of {count}",
        f"{sum(bool(row['met_unconstrained']) for row in each.rows)} of {count}" if learned else "-",
        f"{each.mean('certainty'):.2f}" if learned else "-",
    ]
