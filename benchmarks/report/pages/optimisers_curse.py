"""What was predicted of the networks that the surrogates think best, and what they came to."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

from benchmarks.markdown import Row, interval, listed, rows, table

CHOICES = ("task", "networks", "predicted", "trained", "difference", "std of seeds", "std of the surrogate")


def rounds(folder: Path) -> list[Row]:
    """For each task and round of winners: their `ranks` in words, and the means of the other columns over them;
    seed_std pooled.
    """
    of: dict[tuple[str, int], list[Row]] = {}
    for row in rows(folder / "optimisers_curse.csv"):
        of.setdefault((row["task"], row["round"]), []).append(row)
    return [
        {
            **{
                "task": task,
                "round": number,
                "ranks": listed(str(1 + int(row["cell"].rsplit("-")[-1])) for row in own),
            },
            **{name: fmean(row[name] for row in own) for name in ("predicted", "trained", "difference")},
            "seed_std": fmean(row["seed_std"] ** 2 for row in own) ** 0.5,
        }
        for (task, number), own in of.items()
    ]


def page(folder: Path) -> str:
    """The page's Markdown."""
    choices = rows(folder / "article_choices.csv")
    header = ("task", "round", "ranks", "predicted", "trained", "difference", "std of seeds", "off by more")
    return f"""\
A surrogate errs most where it was searched: what is best by it is best in part by error.  For each task 20 searches
were run on its surrogate, within the baseline's latency.  Of what they ended with those of these ranks were
trained, 1 the best predicted, with five seeds each:

{table(header, map(_line, rounds(folder)))}
Predicted, trained and difference are means over the winners of a round, predicted by the surrogate that chose them; it
was fitted again since, with these trainings among others.  Off by more: whether that difference is more
than one standard deviation between seeds, after which the winners join the table and the surrogate is fitted again.

The searches of the article's tables went by the surrogates that are shipped.  What these expect of the networks chosen
there, and what they came to by the recipe search (some were chosen by earlier fits too, and the shipped one knows their
trainings):

{table(CHOICES, map(_choice, choices))}
Means over networks, the interval of 95% over them; std of the surrogate: of its error for one network, as it says
itself.  {_asking(choices)}
"""


def _off(row: Row) -> bool:
    """Whether a round's rule asks for another fit."""
    return abs(row["difference"]) > row["seed_std"]


def _choice(row: Row) -> list[str]:
    return [
        *(row["task"], str(row["networks"]), f"{row['predicted']:.3f}", f"{row['trained']:.3f}"),
        *(interval(row, "difference"), f"{row['seed_std']:.3f}", f"{row['predicted_std']:.3f}"),
    ]


def _asking(found: list[Row]) -> str:
    """Which tasks' fits are to be repeated, by the rule of a round."""
    asking = [row["task"] for row in found if _off(row)]
    return (
        f"Off by more than a standard deviation between seeds, and so asking for another round: {listed(asking)}."
        if asking
        else "None is off by more than a standard deviation between seeds."
    )


def _line(row: Row) -> list[str]:
    return [
        *(row["task"], str(row["round"]), row["ranks"]),
        *(f"{row['predicted']:.3f}", f"{row['trained']:.3f}", f"{row['difference']:+.3f}", f"{row['seed_std']:.3f}"),
        "yes" if _off(row) else "no",
    ]
