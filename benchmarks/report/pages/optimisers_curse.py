"""What was predicted of the networks that the surrogates think best, and what they came to."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.report.markdown import Row, rows, table


def page(folder: Path) -> str:
    """The page's Markdown."""
    found = rows(folder / "optimisers_curse.csv")
    rounds = list(dict.fromkeys((row["task"], row["round"]) for row in found))
    header = ("task", "round", "winners", "predicted", "trained", "difference", "std of seeds", "off by more")
    lines = [_line([row for row in found if (row["task"], row["round"]) == each]) for each in rounds]
    return f"""\
A surrogate errs most where it was searched: what is best by it is best in part by error.  For each task 20 searches
were run on its surrogate, within the baseline's latency.  Of what they ended with, so many were trained, with five
seeds each:

{table(header, lines)}
Predicted, trained and difference are means over the winners of a round.  Off by more: whether that difference is more
than one standard deviation between seeds, after which the winners join the table and the surrogate is fitted again.
"""


def _line(own: list[Row]) -> list[str]:
    predicted, trained, difference = (
        float(np.mean([row[name] for row in own])) for name in ("predicted", "trained", "difference")
    )
    seed_std = float(np.sqrt(np.mean([row["seed_std"] ** 2 for row in own])))
    return [
        own[0]["task"],
        str(own[0]["round"]),
        str(len(own)),
        f"{predicted:.3f}",
        f"{trained:.3f}",
        f"{difference:+.3f}",
        f"{seed_std:.3f}",
        "yes" if abs(difference) > seed_std else "no",
    ]
