"""How well a short training ranks what a longer one ranks."""

from __future__ import annotations

from pathlib import Path

from benchmarks.markdown import Row, interval, listed, rows, table

FEWEST_CELLS = 5
"""Of fewer a bootstrap says too little of other cells."""
FEWEST_BEST = 10
"""Of a best tenth of fewer it is not said how well they are found."""
HEADER = (
    "task",
    "networks",
    "in cells",
    "Kendall tau (95% interval)",
    "best tenth shared",
    "mean by search",
    "by final",
)


def page(folder: Path) -> str:
    """The page's Markdown."""
    found = rows(folder / "fidelity.csv")
    lines = [
        [
            row["task"],
            str(row["n"]),
            str(row["cells"]),
            interval(row, "kendall_tau", "tau_low", "tau_high", digits=2),
            interval(row, "best_tenth_overlap", "best_tenth_low", "best_tenth_high", digits=2),
            f"{row['low_quality']:.3f}",
            f"{row['high_quality']:.3f}",
        ]
        for row in found
    ]
    enough = [row for row in found if row["cells"] >= FEWEST_CELLS]
    told = [row["task"] for row in enough if row["tau_low"] > 0]
    few = [f"{row['cells']} ({row['task']})" for row in found if row["cells"] < FEWEST_CELLS]
    unsure = f"  Intervals draw whole cells, of which {listed(few)} are too few to tell." if few else ""
    return f"""\
The trained tables are of networks trained by the recipe *search*; *final* has eight times its
passes.  Networks that were drawn before any was trained, by both:

{table(HEADER, lines)}
A short training's ranking agrees with the longer one's better than chance (its interval excludes 0) on
{listed(told or ["no task"])}.{unsure}
{_best(found)}
"""


def _best(found: list[Row]) -> str:
    """What a tenth of the networks is, where that is too few to tell how well the best are found."""
    few = [(row["task"], tenth) for row in found if (tenth := max(1, row["n"] // 10)) < FEWEST_BEST]
    told = listed(f"{tenth} ({task})" for task, tenth in few)
    return f"Of the best, too few were trained to tell: a tenth is {told}." if few else ""
