"""Families of search at equal spend, and what of their differences is more than chance."""

from __future__ import annotations

import math
from pathlib import Path

from benchmarks.report.markdown import Row, claim, code, interval, listed, rows, span, table
from benchmarks.statistics.contrasts import many_to_one

HEADER = ("task", "accelerator", "algorithm", "family", "searches", "quality (95% interval)", "ms", "within bound")
HEADER += ("trainings", "TFLOPs", "minutes", "Wh", "hypervolume", "p, adjusted")
LEVEL = 0.05


def page(folder: Path) -> str:
    """The page's Markdown."""
    found, searches = (rows(folder / f"head_to_head{part}.csv") for part in ("", "_searches"))
    of: dict[str, dict[str, Row]] = {}
    for row in found:
        of.setdefault(row["task"], {})[row["algorithm"]] = row
    detection, segmentation, classification = (of[name] for name in ("detection", "segmentation", "classification"))
    return f"""\
`accelnas compare` lets strategies, supernets, scores, the expert and hybrids of two families compete at equal spend,
and trains every winner again, the same way for all ([the rules](../rules/comparing.md)); a hybrid is a few lines.  The
complete contest of detection takes many hours on two cores; `--contenders` runs a part of it and keeps the rows of
others.  What has been run: all of that, and on the other two tasks random search and some of each family:

```
accelnas compare --task detection --accelerator ethos-u65-512
accelnas compare --task classification --accelerator ethos-u55-256 --contenders {" ".join(classification)}
accelnas compare --task segmentation --accelerator ethos-u65-512 --contenders {" ".join(segmentation)}
```

Each search has the spend of six short trainings (in examples; TFLOPs differ), winners are evaluated on test examples:

{table(HEADER, map(_line, found))}
![anytime curves and winners](../../results/head_to_head/head_to_head.png)

p: of a difference from random search, Welch's test with the false discovery rate held over a task's table.  With three
searches it sees only large differences, and a p above .05 is no evidence that there is none.  Hypervolume counts
latency below the bound, which no search was asked for, so that a fast network of low quality leads it.

## What the table shows

{_against_random(searches)}
- **Detection.**  {_detection(detection)}
- **Segmentation.**  {_segmentation(segmentation)}
- **Classification.**  {_classification(classification)}

([Every search](../../results/head_to_head/head_to_head_searches.csv),
[anytime curves](../../results/head_to_head/head_to_head_curves.csv).)

## How far to trust it

- Three searches, six trainings each: too few to tell most algorithms apart.
- Minutes are of several days and of machines that had other work, so compare FLOPs rather.
- {_over_the_bound(searches)}
"""


def _line(row: Row) -> list[str]:
    return [
        row["task"],
        row["accelerator"],
        row["algorithm"],
        row["family"],
        str(row["seeds"]),
        f"{row['metric']} {interval(row, 'quality')}",
        f"{row['latency_ms']:.3f}",
        f"{row['within_bound']:.0%}",
        f"{row['trainings']:.3g}",
        f"{row['train_flops'] / 1e12:.2g}",
        f"{row['wall_s'] / 60:.1f}",
        f"{row['kwh'] * 1e3:.1f}",
        f"{row['hypervolume']:.3f}",
        "-" if math.isnan(row["p_adjusted"]) else f"{row['p_adjusted']:.2g}",
    ]


def _against_random(searches: list[Row]) -> str:
    """By Dunnett's test, which is made for many treatments against one control and pools their variances."""
    lines = []
    for task in dict.fromkeys(row["task"] for row in searches):
        groups: dict[str, list[float]] = {}
        for row in searches:
            if row["task"] == task:
                groups.setdefault(row["algorithm"], []).append(row["quality"])
        found = many_to_one(groups, "random")
        better, worse = ([name for name, each in found.items() if each.says(LEVEL) == sign] for sign in (1, -1))
        lines.append(f"{task}: better {code(better)}, worse {code(worse)}")
    return f"""\
Different from random search at {LEVEL:.0%} by Dunnett's test, the one for many contenders against one control, which
pools their variances (doubtful where one varies far more than the others): {"; ".join(lines)}.
"""


def _quality(row: Row) -> str:
    return f"{row['quality']:.3f}"


def _width(row: Row) -> float:
    return row["quality_high"] - row["quality_low"]


def _detection(of: dict[str, Row]) -> str:
    ranking, random, gumbel = of["supernet_ranking:one_shot"], of["random"], of["gumbel"]
    single = [row["quality"] for row in of.values() if row["family"] == "single-shot"]
    fastest = sorted(of.values(), key=lambda row: row["latency_ms"])[:2]
    highest = max(of.values(), key=lambda row: row["quality"])
    scores = [row for name, row in of.items() if name.startswith("zero_shot:")]
    best_score = max(scores, key=lambda row: row["quality"])
    searched = [row for row in of.values() if row["family"] != "none"]
    flops = gumbel["train_flops"] / random["train_flops"]
    spent = f"({flops:.0f} times the FLOPs of random search; equal spend is in example passes)"
    return f"""\
{claim("Training the networks that a supernet ranks first is highest", ranking is highest)}
  ({_quality(ranking)}; random search {_quality(random)}, REINFORCE {_quality(of["reinforce"])}) and
  {claim("varies least from search to search", _width(ranking) == min(_width(row) for row in searched))}; single-shot
  searches alone are {claim("below random search", max(single) < random["quality"])} ({span(single, 3)}).  Lowest are
  Gumbel-softmax ({_quality(gumbel)}), which settled on networks of about half the latency allowed {spent}, and the
  expert's network ({_quality(of["expert"])}), rewritten for latency alone and never trained on the way:
  {claim("the two fastest", {row["algorithm"] for row in fastest} == {"gumbel", "expert"})}.  The largest networks of a
  random pool (`zero_shot:macs` and `zero_shot:params`,
  {claim("which chose the same ones", of["zero_shot:macs"]["quality"] == of["zero_shot:params"]["quality"])}) come next.
  Of the scores `{best_score["algorithm"]}` ends highest ({_quality(best_score)}; the baseline
  {_quality(of["baseline"])}), without a training."""


def _segmentation(of: dict[str, Row]) -> str:
    random = of["random"]
    above = sorted((row for row in of.values() if row["quality"] > random["quality"]), key=lambda row: -row["quality"])
    slower = min(row["latency_ms"] for row in above) / random["latency_ms"]
    flops = of["tunas"]["train_flops"] / random["train_flops"]
    return f"""\
{listed(f"`{row['algorithm']}` ({_quality(row)})" for row in above)} are above random search ({_quality(random)}), with
  networks of at least {slower:.1f} times its latency, and local search ({_quality(of["local_search"])}) is
  {claim("below", of["local_search"]["quality"] < random["quality"])}.  TuNAS took {flops:.1f} times random search's
  FLOPs."""


def _classification(of: dict[str, Row]) -> str:
    random, expert = of["random"], of["expert"]
    return f"""\
The expert's network is {claim("lower", expert["quality"] < random["quality"])} ({_quality(expert)}, random search
  {_quality(random)}) in {expert["latency_ms"] / random["latency_ms"]:.0%} of the latency; TuNAS
  ({_quality(of["tunas"])}) and regularised evolution ({_quality(of["regularised_evolution"])}) are below random search
  too, and the hybrid `zero_shot_evolution:params` ({_quality(of["zero_shot_evolution:params"])}) is above."""


def _over_the_bound(searches: list[Row]) -> str:
    """How many winners break the bound once they are compiled whole, the baseline's own row apart."""
    found: dict[str, list[float]] = {}
    baselines: dict[str, float] = {}
    for row in searches:
        over = 100 * (row["latency_ms"] / row["latency_bound_ms"] - 1)
        if row["algorithm"] != "baseline":
            found.setdefault(row["task"], []).append(over)
        elif over > 0:
            baselines[row["task"]] = over
    lines = []
    for task, each in found.items():
        over = [value for value in each if value > 0]
        lines.append(f"{len(over)} of {task}'s {len(each)}" + (f" (by {span(over, 1, '%')})" if over else ""))
    return f"""\
The bound is the baseline's latency by the cost model.  Compiled whole, so many winners are over it:
  {listed(lines)}; and of the baselines themselves that of
  {listed(f"{task} ({over:.2f}%)" for task, over in baselines.items())}."""
