"""What supernets rank, cost and find."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from benchmarks.markdown import Row, claim, listed, rows, table
from benchmarks.statistics.intervals import mean_interval
from nas_algos.single_shot.registry import SINGLE_SHOT

HEADER = ("task", "accelerator", "supernet", "seeds", "Kendall tau (95% interval), n", "of MACs", "cost in trainings")
HEADER += ("ms found", "ms asked for", "within the bound", "preferred network within it", "mean largest probability")


def page(folder: Path) -> str:
    """The page's Markdown."""
    groups: dict[str, list[Row]] = {}
    for row in rows(folder / "single_shot.csv"):
        groups.setdefault(row["algorithm"], []).append(row)
    taus = {name: mean_interval([row["kendall_tau"] for row in found]) for name, found in groups.items()}
    ranking = [name for name, (_, low, _) in taus.items() if low > 0]
    macs = groups["one_shot"][0]["macs_tau"]
    over = max(row["preferred_latency_ms"] / row["latency_target_ms"] - 1 for row in groups["tunas"])
    unconstrained = sum(row["met_unconstrained"] for row in groups["tunas"])
    only = claim(
        "Only the supernet of uniformly drawn paths (`one_shot`) ranks them, and it does no better than counting MACs",
        ranking == ["one_shot"] and taus["one_shot"][1] < macs,
    )
    settled = [row["certainty"] for name in ("gumbel", "tunas") for row in groups[name]]
    one_network = claim(
        "Those of Gumbel-softmax and TuNAS converge to one network (mean over\ndecisions of the largest probability of "
        "a choice; 1 is one network), and show none in ranking the others.",
        min(settled) > 0.8 and not {"gumbel", "tunas", "sandwich"} & set(ranking),
    )
    return f"""\
Single-shot searches train one supernet; `accelnas search --evaluator supernet:gumbel`, `supernet:tunas`,
`supernet:one_shot` and `supernet:sandwich` run them.
How their supernets' ranking compares with training from scratch, what they cost and what they find:

{table(HEADER, (_line(found, taus[name]) for name, found in groups.items()))}
Each supernet sees the examples of six short trainings of the first version; its
cost is in FLOPs, and Gumbel-softmax computes every kind of
block to learn which is best.  Its rows are of before what adding or removing a layer changes was mended, which it
learned wrongly (version 1 of supernets).  Tau is that of inherited with trained quality over {groups["tunas"][0]["n"]}
architectures, mean of {len(groups["tunas"])} supernets with Student's interval over them, which leaves out what other
architectures would change; beside it that of MACs.

{only} does.  With the sandwich rule, which spends two thirds of the passes on the largest and the smallest network, no
difference from ranking them at random is shown.  {one_network}  The
network that TuNAS's distribution prefers is up to {over:.1%} over the bound ("preferred network within it":
{unconstrained} of {len(groups["tunas"])}); what it gives out is the most probable one within it.

So this table says what supernets of this small spend do; {listed(groups)} were given no more.
{_untried(groups)}
"""


def _untried(groups: Mapping[str, list[Row]]) -> str:
    """Which algorithms the table lacks; "" for none."""
    names = [f"`{name}`" for name in SINGLE_SHOT if name not in groups]
    if not names:
        return ""
    return f"""\
{listed(names)}, which are published against supernets that do not rank (strict fairness, FairNAS;
progressive shrinking, Once-for-all; several supernets in place of one, few-shot NAS),
are algorithms of the suite and not in the table yet."""


def _line(found: list[Row], tau: tuple[float, float, float]) -> list[str]:
    first, count = found[0], len(found)
    learned = not math.isnan(first["certainty"])
    mean = {name: sum(row[name] for row in found) / count for name in ("cost_in_trainings", "latency_ms", "certainty")}
    return [
        first["task"],
        first["accelerator"],
        first["algorithm"],
        str(count),
        f"{tau[0]:.2f} ({tau[1]:.2f} to {tau[2]:.2f}), {first['n']}",
        f"{first['macs_tau']:.2f}",
        f"{mean['cost_in_trainings']:.1f}",
        f"{mean['latency_ms']:.3f}",
        f"{first['latency_target_ms']:.3f}",
        f"{sum(row['meets_target'] for row in found)} of {count}",
        f"{sum(row['met_unconstrained'] for row in found)} of {count}" if learned else "-",
        f"{mean['certainty']:.2f}" if learned else "-",
    ]
