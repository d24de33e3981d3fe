"""Families of search at equal spend on the trained tables, and what of their differences is more than chance."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean

from benchmarks.experiments.head_to_head.contenders import find_contender
from benchmarks.experiments.head_to_head.settings import Settings
from benchmarks.markdown import Row, claim, code, listed, rows, span, table
from benchmarks.report.pages.confirmed import confirmation
from benchmarks.report.pages.surrogate import of_whole_tables
from nas_algos.registry import strategy_names

HYBRIDS = """\
The hybrids join two of the article's three families, zero-shot scores (or the expert's network) and multi-shot search;
none has a supernet in it, so the compositions with the third are untried here."""
LEVEL = 0.05
SHOWN = 30
"""The budget whose further figures the table has."""
LEDGER = ("task", "family", "example passes", "TFLOPs")
SINGLE = ("random", "count", "zero-shot", "multi-shot")


def page(folder: Path) -> str:
    """The page's Markdown."""
    found, differences = rows(folder / "head_to_head.csv"), rows(folder / "head_to_head_differences.csv")
    ledger, surrogate = rows(folder / "head_to_head_ledger.csv"), rows(folder.parent / "surrogate" / "surrogate.csv")
    budgets = sorted({row["budget"] for row in found})
    shown = SHOWN if SHOWN in budgets else budgets[0]
    header = ("algorithm", "family", "searches", *(f"regret at {budget}, %" for budget in budgets))
    header += tuple(
        f"{text} at {shown}" for text in ("within 5%", "hypervolume", "TFLOPs", "better, worse than random")
    )
    cells = len({(row["task"], row["accelerator"]) for row in found})
    names = sorted({row["algorithm"] for row in found}, key=lambda name: fmean(_of(found, name, shown, "share")))
    return f"""\
Searches look for the best quality within the baseline's latency, in spaces that are enumerated (3^11 networks a task:
width multiplier, channels of the last two stages, kinds of eight blocks), so that the optimum is known.  A search sees
what one training of each network would show, by the task's [trained table](tables.md): the surrogate's quality and its
noise between seeds.  It is worth the expected quality of the network that it chose.  `accelnas compare` does the same
for a task, an accelerator and strategies of one's own; hybrids are two lines each in
`benchmarks/experiments/head_to_head/contenders.py`.

Mean over {cells} cells ({listed(dict.fromkeys(row["task"] for row in found))}, each on
{listed(dict.fromkeys(row["accelerator"] for row in found))}), at budgets of {listed(map(str, budgets))} trainings'
worth of example passes:

{table(header, (_line(found, name, budgets, shown) for name in names))}
![anytime curves](../../results/head_to_head/head_to_head.png)

Regret: by how much the network chosen is below the best within the bound, in per cent of that.  Better, worse: cells
with a difference from random search at {LEVEL:.0%} by Welch's test with Holm's adjustment.  Every cell with its
interval is in
[head_to_head.csv](../../results/head_to_head/head_to_head.csv), each contender against each over all cells, by the test
of Games and Howell, in [head_to_head_differences.csv](../../results/head_to_head/head_to_head_differences.csv).

## What the table shows

{"".join(_verdict(found, differences, budget) for budget in budgets)}
{_over_all(folder / "head_to_head_aggregates.csv")}## What it costs

One search, which finds one network, at {shown} trainings:

{_ledger([row for row in ledger if row["budget"] == shown and row["train_flops"] > 0])}
Seconds are FLOPs at the rate of the table's own trainings on that machine (of the H200 the whole, shared by the
processes of [a run](../../results/tables/gpu.csv), of a core the CPU seconds of
[some](../../results/timings/training_cost.csv), compiled each), energy is those at a stated power (an H200 at 700 W,
a core at 15 W), CO2 at 400 g a kWh: models, no measurement.  A contest on tables trains nothing; these are what its
searches would have spent.  The article says that multi-shot search with full training can take up to 2,000 GPU-days,
which at 300 W a GPU (a guess) are {ledger[-1]["kwh"]:,.0f} kWh.

## How far to trust it

- **The quality of every network here is predicted.**  Held-out tau of the surrogates with trained quality is
  {_taus(surrogate, "architecture")} where networks are held out, {_taus(surrogate, "cell")} where whole cells are
  ([more](surrogate.md)); optima extrapolate.  What wins here is a good searcher of this landscape.
- Latencies are the estimator's, of the search and of the bound alike.
{_pools(found)}
- {claim(HYBRIDS, all(_without_supernet(row["algorithm"]) for row in found if row["family"] == "hybrid"))}
- `expert` is the baseline with each block, from the front, of the kind that is fastest by the estimator and has no
  fewer MACs: it saves latency, which this contest does not ask for, and looks at no quality.
- `nsga2` seeks the whole front of quality and latency, of which this contest looks at one end.
- Not here: supernets, whose searches need live trainings.

## Promise beside truth

{confirmation(folder)}"""


def _pools(found: list[Row]) -> str:
    """From how many networks scores choose."""
    parts = sorted({row["independent"] for row in found if row["family"] == "zero-shot"})
    scored = (
        "Scores choose among the task's scored networks, the list of which is divided into "
        f"{listed(map(str, parts))} parts, searches by a score have these in turn on every accelerator, and intervals "
        "and tests of scores, and of hybrids that begin with one, count parts, not searches.  "
    )
    return (
        f"- {scored if parts else ''}Counts (`macs`, `params`) choose among {Settings.pool} random networks of the "
        "whole space, drawn for each search."
    )


def _without_supernet(name: str) -> bool:
    contender = find_contender(name)
    return contender.strategy in strategy_names() and (contender.score != "" or contender.from_baseline)


def _of(found: Iterable[Row], name: str, budget: int, column: str) -> list[float]:
    own = [row for row in found if row["algorithm"] == name and row["budget"] == budget]
    return [100 * row["regret"] / row["optimum"] if column == "share" else row[column] for row in own]


def _line(found: list[Row], name: str, budgets: list[int], shown: int) -> list[str]:
    own = [row for row in found if row["algorithm"] == name]
    of_budget = [row for row in found if row["budget"] == shown]
    random = {(row["task"], row["accelerator"]): row["regret"] for row in of_budget if row["algorithm"] == "random"}
    apart = [row for row in own if row["budget"] == shown and row["p_random"] < LEVEL]
    better = sum(row["regret"] < random[row["task"], row["accelerator"]] for row in apart)
    return [
        f"`{name}`",
        own[0]["family"],
        span(row["seeds"] for row in own),
        *(f"{fmean(_of(found, name, budget, 'share')):.2f}" for budget in budgets),
        f"{fmean(_of(found, name, shown, 'within_5pct')):.0%}",
        f"{fmean(_of(found, name, shown, 'hypervolume')):.3f}",
        f"{fmean(_of(found, name, shown, 'train_flops')) / 1e12:.3g}",
        "-" if own[0]["family"] in ("none", "random") else f"{better}, {len(apart) - better}",
    ]


def _verdict(found: list[Row], differences: list[Row], budget: int) -> str:
    """Which contenders do not differ significantly from the best, and whether a hybrid beats the best that is none."""
    family = {row["algorithm"]: row["family"] for row in found}
    here = [row for row in differences if row["budget"] == budget]
    mean = {row["algorithm"]: row["regret_pct"] for row in here}
    best = min(mean, key=lambda name: mean[name])
    still = fmean(_of(found, "baseline", budget, "share"))
    p = {(row["algorithm"], row["other"]): row["p"] for row in here}
    level = [name for name in mean if name != best and p[name, best] >= LEVEL]
    ahead_of_it = [name for name in mean if mean[name] < still]
    single = min((name for name in mean if family[name] in SINGLE), key=lambda name: mean[name])
    hybrids = [name for name in mean if family[name] == "hybrid"]
    ahead = [name for name in hybrids if mean[name] < mean[single] and p[name, single] < LEVEL]
    behind = [name for name in hybrids if mean[name] > mean[single] and p[name, single] < LEVEL]
    against = [name for name in mean if name != "random" and mean[name] < mean["random"] and p[name, "random"] < LEVEL]
    return (
        f"- **{budget} trainings**: lowest of the searches is `{best}` ({mean[best]:.2f}%), "
        f"{'not significantly different from ' + code(level) if level else 'significantly below all others'}; "
        f"significantly below random search ({mean['random']:.2f}%): "
        f"{_named(against, [name for name in mean if name != 'random'])}; "
        f"with a mean below the baseline's, which needs no search ({still:.2f}%; no test): "
        f"{_named(ahead_of_it, list(mean))}.  Best search that is no hybrid: `{single}` ({mean[single]:.2f}%); "
        f"hybrids significantly below it: {_named(ahead, hybrids)}, above it: {_named(behind, hybrids)}.\n"
    )


def _named(names: list[str], whole: list[str]) -> str:
    """Some of the whole, or those that are not among them where these are fewer."""
    rest = [name for name in whole if name not in names]
    if not names:
        return "none"
    if not rest:
        return "all"
    return f"all but {code(rest)}" if len(rest) < len(names) else code(names)


def _over_all(path: Path) -> str:
    """Searches of all cells pooled, where that was run."""
    if not path.exists():
        return ""
    found = rows(path)
    lines = [
        (
            *(f"`{row['algorithm']}`", str(row["budget"])),
            *(_within(row, "interquartile_regret_pct", ".2f"), _within(row, "better_than_random", ".3f")),
        )
        for row in sorted(found, key=lambda row: (row["budget"], row["interquartile_regret_pct"]))
    ]
    best = min((row for row in found if row["budget"] == max(each["budget"] for each in found)), key=_regret)
    header = ("algorithm", "trainings", "interquartile mean of regret, %", "probability of improvement on random")
    return f"""\
Searches of all cells pooled, intervals by a bootstrap over searches within each cell (Agarwal and others, 2021), of
scores and of what begins with one over the parts of a task's pool, the same parts in all its cells.  At
{best["budget"]} trainings the lowest interquartile mean is that of `{best["algorithm"]}`
([file](../../results/head_to_head/head_to_head_aggregates.csv)):

{table(header, lines)}
"""


def _regret(row: Row) -> float:
    return row["interquartile_regret_pct"]


def _within(row: Row, name: str, digits: str) -> str:
    return f"{row[name]:{digits}} ({row[f'{name}_low']:{digits}} to {row[f'{name}_high']:{digits}})"


def _ledger(found: list[Row]) -> str:
    """A line for each task and family, with what it takes on each kind of machine."""
    machines = list(dict.fromkeys(row["machine"] for row in found))
    lines: dict[tuple[str, str], list[str]] = {}
    for row in found:
        start = [row["task"], row["family"], f"{row['example_passes']:,.0f}", f"{row['train_flops'] / 1e12:.3g}"]
        figures = (row["seconds"] / 60, row["kwh"] * 1e3, row["kg_co2e"] * 1e3)
        cells = "-" if math.isnan(figures[0]) else ", ".join(f"{each:.3g}" for each in figures)
        lines.setdefault((row["task"], row["family"]), start).append(cells)
    return table((*LEDGER, *(f"{name}: minutes, Wh, g CO2e" for name in machines)), lines.values())


def _taus(surrogate: list[Row], grouped_by: str) -> str:
    best = of_whole_tables(surrogate, grouped_by)
    return listed(f"{row['kendall_tau']:.2f} ({task})" for task, row in best.items())
