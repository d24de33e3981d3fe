"""How far the trained tables can be relied on: trained at once or alone, and the recipes."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import fmean

from benchmarks.markdown import Row, as_it_is, interval, listed, rows, table

ENOUGH = 40
"""So many networks trained both ways are asked before a task's rows of both kinds may be called alike."""

NEAR = 0.015
"""Less than this is to be added by twice the passes where a recipe is near convergence."""
LONG_MINUTES = 30.0
"""Or a training is to take as long, of one core."""


def page(folder: Path) -> str:
    """The page's Markdown."""
    return f"""\
Networks of each task, most of them trained many at once on an accelerator and some alone on a CPU
([how](../how-to/build_tables.md)).  What this says of them:

## Trained at once, and alone

{_agreement(rows(folder / "agreement.csv"))}
## The recipes

{as_it_is(folder / "recipes.csv")}
{_recipes(folder)}
{as_it_is(folder / "recipe_sweep.csv")}
## How fast

{as_it_is(folder / "gpu.csv")}
Seconds are of a cohort of the task; `candidates_per_hour` is the rate of the whole run, whose tasks shared the
accelerator, and therefore the same in every row."""


def _recipes(folder: Path) -> str:
    """How near to convergence final is, and how its rate stands to the sweep."""
    recipes, sweep = rows(folder / "recipes.csv"), rows(folder / "recipe_sweep.csv")
    search, final = ({row["task"]: row for row in recipes if row["recipe"] == name} for name in ("search", "final"))
    timed = [task for task, row in final.items() if not math.isnan(row["core_seconds"])]
    minutes = {
        task: row["core_seconds"] / 60
        if task in timed
        else search[task]["core_seconds"] * row["example_passes"] / search[task]["example_passes"] / 60
        for task, row in final.items()
    }
    cores = {task: (final if task in timed else search)[task]["core"].replace("(R)", "") for task in final}
    swept = {task: row["gain_passes"] == row["example_passes"] for task, row in final.items()}
    near = [task for task, row in final.items() if swept[task] and row["gain"] < NEAR]
    long = [task for task in final if minutes[task] >= LONG_MINUTES]
    gains = listed(
        f"{row['gain']:.3f} on {task} ({row['gain_passes'] // 2:,} to {row['gain_passes']:,} passes"
        + ("" if swept[task] else f", of {row['example_passes']:,}: final was not swept at its own length")
        + ")"
        for task, row in final.items()
    )
    return f"""\
Final was to be near convergence, twice the passes adding less than {NEAR:g} to the baseline, or to take half an hour of
a core.  Twice its passes were not tried.  What the last doubling that was tried added: {gains}.  Of a core
final takes {
        listed(
            f"{minutes[task]:.0f} minutes on {task} ({cores[task]}{'' if task in timed else ', by what search takes'})"
            for task in final
        )
    }.  The first holds, if gains go on to shrink,
for {listed(near)}, the second for {listed(long)}, and neither for
{listed(task for task in final if task not in near + long)}.  {_edge(final, sweep)}
"""


def _edge(final: dict[str, Row], sweep: list[Row]) -> str:
    """Where final's rate is the largest that was tried with as many passes, and better than the next."""
    rising = []
    for task, row in final.items():
        quality: dict[float, list[float]] = {}
        at = (task, row["batch_size"], row["gain_passes"])
        for each in sweep:
            if (each["task"], each["batch_size"], each["example_passes"]) == at:
                quality.setdefault(each["peak_learning_rate"], []).append(each["quality"])
        *_, next_rate, largest = sorted(quality)
        if row["peak_learning_rate"] == largest and fmean(quality[largest]) > fmean(quality[next_rate]):
            rising.append(f"{task} ({largest:g})")
    if not rising:
        return ""
    return f"On {listed(rising)} final's rate is the largest of those tried so long, and quality still rises there.  "


def _agreement(found: list[Row]) -> str:
    header = ("task", "pairs", "networks", "accelerator's less CPU's", "of seeds: std", "Kendall tau", "of seeds: tau")
    known = [row for row in found if row["n"] > 0]
    lines = [
        [
            *(row["task"], str(row["n"]), str(row["networks"])),
            *(interval(row, "difference", digits=4), f"{row['seed_std']:.4f}"),
            *(interval(row, "kendall_tau", digits=2), f"{row['seeds_tau']:.2f}"),
        ]
        for row in known
    ]
    return f"""\
Quality of the same network with the same seed, trained both ways, a pair each (few networks have two).  At least
{ENOUGH} networks of a task should be, before rows of both kinds share a table (intervals of 95%; beside them what two
seeds of one machine differ by, and would have as tau):

{table(header, lines)}
{_differs(known)}{_few(found)}  The surrogates know which way a row was trained, and what they say of a network is of
one trained alone.
"""


def _differs(known: list[Row]) -> str:
    """Where the difference is more than chance."""
    beyond = [row for row in known if row["difference_low"] > 0 or row["difference_high"] < 0]
    alike = [row["task"] for row in known if row not in beyond]
    told = [
        f"on {row['task']} the accelerator's are {abs(row['difference']):.4f} "
        f"{'lower' if row['difference'] < 0 else 'higher'}, {abs(row['difference']) / row['seed_std']:.1f} of "
        "what seeds differ by"
        for row in beyond
    ]
    text = f"The two ways do not agree everywhere: {listed(told)}, beyond the interval.  " if told else ""
    return text + (f"No difference is shown on {listed(alike)}.  " if alike else "")


def _few(found: list[Row]) -> str:
    """Tasks whose rows joined without enough networks trained both ways."""
    few = [f"{row['task']} ({row['networks'] or 'none'})" for row in found if row["networks"] < ENOUGH]
    if not few:
        return ""
    return f"Rows of both kinds stand in one table although fewer than {ENOUGH} were trained both ways: {listed(few)}."
