"""The part of the contests' page that holds what searches were promised against trainings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from benchmarks.markdown import Row, code, interval, listed, rows, table
from benchmarks.tables.confirm import BEST, CONFIRMED, IN_SPACES, algorithms
from benchmarks.tables.design import REFERENCE
from tasks.registry import TASKS

HEADER = ("task", "algorithm", "family", "networks", "promised", "trained (95% interval)", "promised less trained")
WITH_FINAL = "recipe final (95% interval)"


def confirmation(folder: Path) -> str:
    """The section; folder: of head_to_head's files."""
    winners = "[head_to_head_winners.csv](../../results/head_to_head/head_to_head_winners.csv)"
    if not (folder / "confirmed.csv").exists():
        return f"""\
No network that searches found has been trained: {winners} lists them, `accelnas table build --part confirm` trains
some, then `accelnas reproduce confirmed` compares.
"""
    found, contest = rows(folder / "confirmed.csv"), rows(folder / "head_to_head.csv")
    final = [row for row in found if not math.isnan(row["final"])]
    header = (*HEADER, WITH_FINAL) if final else HEADER
    return f"""\
Of random search and the best {BEST} of every other family, by regret on {REFERENCE} with the largest budget, the
networks that {CONFIRMED} searches found ({winners}) are to be trained once each by the recipe of the tables, with seeds
apart; no surrogate is fitted to these trainings, and an algorithm has its row once all its networks are trained.
Promised is what the table expects of them, and both are means over different networks:

{table(header, (_line(row, bool(final)) for row in found))}
{"".join(_verdict(task, [row for row in found if row["task"] == task], contest) for task in TASKS)}
{_by_final(final)}  Every figure is in [confirmed.csv](../../results/head_to_head/confirmed.csv)
(`accelnas reproduce confirmed`).
"""


def _line(row: Row, with_final: bool) -> list[str]:
    cells = [
        *(row["task"], f"`{row['algorithm']}`", row["family"], str(row["networks"])),
        *(f"{row['promised']:.3f}", interval(row, "trained"), f"{row['difference']:+.3f}"),
    ]
    if with_final:
        cells.append("" if math.isnan(row["final"]) else interval(row, "final"))
    return cells


def _verdict(task: str, own: Sequence[Row], contest: Sequence[Row]) -> str:
    """Whether promises hold on a task, whether what is ahead of random search there is so when trained, and what waits
    for trainings.
    """
    here = [row for row in contest if (row["task"], row["accelerator"]) == (task, REFERENCE)]
    waiting = sorted(algorithms(here) - {row["algorithm"] for row in own}) if here else []
    if not own:
        return f"- **{task}**: no algorithm's networks are all trained.\n"
    above = [row["algorithm"] for row in own if row["promised"] > row["high"]]
    below = [row["algorithm"] for row in own if row["promised"] < row["low"]]
    text = f"- **{task}**: promised is above the interval of trained for {_named(above)}, below it for {_named(below)}"
    end = f"; not all trained: {_named(waiting)}.\n" if waiting else ".\n"
    of_contest = [row for row in own if row["family"] != IN_SPACES]
    random = next((row for row in of_contest if row["family"] == "random"), None)
    if random is None or len(of_contest) < 2:
        return text + end
    others = [row for row in of_contest if row is not random]
    promised = [row["algorithm"] for row in others if row["promised"] > random["promised"]]
    apart = [row["algorithm"] for row in others if row["low"] > random["high"]]
    return (
        f"{text}; of {len(others)} other algorithms, promised more than random search: {len(promised)}; come to more: "
        f"{sum(row['trained'] > random['trained'] for row in others)}; with intervals apart: {_named(apart)}{end}"
    )


def _named(names: Sequence[str]) -> str:
    return code(names) if names else "none"


def _by_final(final: Sequence[Row]) -> str:
    if not final:
        return "None of them is trained by the recipe final so far."
    tasks = listed(dict.fromkeys(row["task"] for row in final))
    return f"The recipe final has trained what has its figure beside it, of {tasks}."
