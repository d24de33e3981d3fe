"""How far the trained tables can be relied on: trained at once or alone, and the recipes."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report.markdown import Row, as_it_is, interval, listed, rows, table

ENOUGH = 40
"""So many networks trained both ways are asked before a task's rows of both kinds may be called alike."""


def page(folder: Path) -> str:
    """The page's Markdown."""
    return f"""\
Networks of each task, most of them trained many at once on an accelerator and some alone on a CPU
([how](../how-to/build_tables.md)).  What this says of them:

## Trained at once, and alone

{_agreement(rows(folder / "agreement.csv"))}
## The recipes

{as_it_is(folder / "recipes.csv")}
{as_it_is(folder / "recipe_sweep.csv")}
## How fast

{as_it_is(folder / "gpu.csv")}"""


def _agreement(found: list[Row]) -> str:
    header = ("task", "networks", "accelerator's less CPU's", "of seeds: std", "Kendall tau", "of seeds: tau")
    known = [row for row in found if row["n"] > 0]
    lines = [
        [
            *(row["task"], str(row["n"]), interval(row, "difference", digits=4), f"{row['seed_std']:.4f}"),
            *(interval(row, "kendall_tau", digits=2), f"{row['seeds_tau']:.2f}"),
        ]
        for row in known
    ]
    return f"""\
Quality of the same network with the same seed, trained both ways, which {ENOUGH} networks of a task should have been
before their rows join one table (intervals of 95%; beside them what two seeds of one machine differ by, and would have
as tau):

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
    few = [f"{row['task']} ({row['n'] or 'none'})" for row in found if row["n"] < ENOUGH]
    if not few:
        return ""
    return f"Rows of both kinds stand in one table although fewer than {ENOUGH} were trained both ways: {listed(few)}."
