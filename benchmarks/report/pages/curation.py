"""Does curation help a search, and why?"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from benchmarks.experiments.curation.verdict import COMPARED, STEPS
from benchmarks.markdown import Row, interval, listed, rows, span, table
from benchmarks.tables.confirm import IN_SPACES
from hw_model.vela.accelerators import ETHOS_U

HEADER = (
    "accelerator",
    "space",
    "quality (95% interval)",
    "regret",
    "spread (95% interval)",
    "within 5%",
    "evaluations a success takes",
)
HEADER += ("ms at the baseline's quality (failed)", "monotone steps", "estimated", "minima in channels", "local minima")
OTHERS = ("uncurated", "auto-curated", "random-subset", "shifted")
"""Spaces that the curated one is held against."""
Cells = dict[tuple[str, str], dict[str, Row]]
"""By task and accelerator, the rows by space."""


def cells_of(found: list[Row]) -> Cells:
    """Rows of curation.csv by cell and space."""
    cells: Cells = {}
    for row in found:
        cells.setdefault((row["task"], row["accelerator"]), {})[row["space"]] = row
    return cells


def _winners(folder: Path) -> str:
    """Of which tasks winners were trained."""
    path = folder.parent / "head_to_head" / "confirmed.csv"
    known = [row["task"] for row in rows(path) if row["family"] == IN_SPACES] if path.exists() else []
    if not known:
        return "Winners of these searches have not been trained."
    tasks = listed(dict.fromkeys(known))
    return (
        f"What winners of these searches came to when trained, on {tasks}, is on the [contests' page](head_to_head.md)."
    )


def page(folder: Path) -> str:
    """The page's Markdown."""
    found = rows(folder / "curation.csv")
    cells = cells_of(found)
    compiled = [row for row in found if row["accelerator"] in ETHOS_U]
    tables = "\n".join(_of_task(found, task) for task in dict.fromkeys(row["task"] for row in found))
    searches, evaluations, strategy = (found[0][name] for name in ("searches", "evaluations", "algorithm"))
    return f"""\
{searches:,} searches in each space by the same strategy (`{strategy}`), {evaluations} evaluations each, on the task's
trained table: for the highest expected quality within the baseline's latency, and again for the least latency at the
baseline's quality.  There are two controls.  A "random subset" has as many genotypes as the curated space, with
channels drawn at random from the uncurated one, in {_draws(found)} draws.  Genotypes may build the same network, as
width multipliers bring several choices to the same channels, multiples of the parallelism factor in the curated space:
of {_choices(found)} choices of channels in a cell {_different(found, "curated")} are different ones in the curated
space and {_different(found, "random-subset")} in a random subset, all counted.  "Shifted" is the curated space with one
channel less throughout, so that alignment alone is lost.  The article says that curated spaces converge faster and are
more stable and more reliable.  Of {len(cells)} cells, a task on an accelerator each:

{table(("", "curated is better", "worse", "intervals meet"), _verdicts(cells))}
Better or worse: the 95% intervals do not meet; where they do, a test of the difference may still find one.  Spread: the
standard deviation of the quality between searches, less is better.  Where the shifted space is as monotone as the
curated one, it is steps of several channels that make a landscape smooth, and not which channels these are.  Against
the uncurated space, curated is

{_where_not(cells)}

{tables}
Quality and latency are what the surrogate and the estimator expect, no trainings: how far they may be off is on the
[surrogates' page](surrogate.md) and the [estimators'](estimator.md).  {_winners(folder)}
Regret: in per cent of the best known quality of the uncurated space, which holds all others (2 x 6,400 evaluations by
NSGA-II of each of the spaces that networks were trained from, or what a search here found above that).  Evaluations a
success takes: all that were spent over the number of searches that came within 5% (COCO's expected running time, ERT).
Ms at the baseline's quality: a search that found nothing faster there keeps the baseline and counts with its latency;
in brackets how many of the {searches:,} found nothing of that quality at all.  Monotone steps: of steps up to the next
choice in the channels of one layer, those along which latency rises by more than .2%, both networks compiled whole
({listed(sorted({str(row["n_moves"]) for row in compiled}))} steps a space; on npu-p16, which is a model, by that);
estimated: of the same steps, by the estimator, which is good for whole networks and less so for steps of one channel
([how far](landscape.md)).  Minima in channels: sampled networks that no step of one in channels or width multiplier
betters; local minima: that no change of any one decision betters; both by the estimator.
"""


def _of_task(found: list[Row], task: str) -> str:
    own = [row for row in found if row["task"] == task]
    image = f"![anytime curves of {task}](../../results/curation/curation_{task}.png)"
    return f"## {task.capitalize()}\n\n{image}\n\n{table(HEADER, map(_line, own))}"


def _line(row: Row) -> list[str]:
    return [
        row["accelerator"],
        row["space"],
        interval(row, "quality"),
        f"{row['regret']:.1f}%",
        interval(row, "spread", digits=4),
        f"{row['success_rate']:.0%} ({row['success_low']:.0%} to {row['success_high']:.0%})",
        _expected(row),
        f"{row['latency_ms']:.3f} ({row['failed_latency']:,})",
        f"{row['monotone_share']:.0%} ({row['monotone_share_low']:.0%} to {row['monotone_share_high']:.0%})",
        f"{row['estimated_monotone_share']:.0%}",
        f"{row['channel_minima_share']:.1%}",
        f"{row['local_minima_share']:.2%}",
    ]


def _expected(row: Row) -> str:
    value, low, high = (
        "inf" if math.isinf(row[name]) else f"{row[name]:.0f}"
        for name in ("expected_evaluations", "expected_low", "expected_high")
    )
    return f"{value} ({low} to {high})" if low != "inf" else "inf"


def _draws(found: list[Row]) -> str:
    return listed(sorted({str(row["draws"]) for row in found if row["space"] == "random-subset"}))


def _choices(found: list[Row]) -> str:
    return span(row["n_channels"] for row in found if row["space"] == "curated")


def _different(found: list[Row], space: str) -> str:
    return span((100 * row["different_channels_share"] for row in found if row["space"] == space), unit="%")


def _verdicts(cells: Cells) -> list[list[str]]:
    """What the article claims of curated spaces, against each other space, by intervals that do not meet."""
    lines = []
    for each in (*COMPARED, STEPS):
        for other in OTHERS:
            lines.append([f"{each.what}, against {other}", *map(str, counted(cells, other, each.better))])
    return lines


def _where_not(cells: Cells) -> str:
    """In which cells the curated space is not better than the uncurated one, a line for each thing compared."""
    lines = []
    for compared in (*COMPARED, STEPS):
        signs = {place: compared.better(of["curated"], of["uncurated"]) for place, of in cells.items()}
        parts = [f"better in {list(signs.values()).count(1)} of {len(cells)} cells in {compared.what}"]
        for sign, word in ((-1, "worse"), (0, "not told apart")):
            names = [f"{task} on {accelerator}" for (task, accelerator), each in signs.items() if each == sign]
            parts += [f"{word} in {listed(names)}"] if names else []
        lines.append(f"- {', '.join(parts)};")
    return "\n".join([*lines[:-1], lines[-1].removesuffix(";") + "."])


def counted(cells: Cells, other: str, compare: Callable[[Row, Row], int]) -> tuple[int, int, int]:
    """In how many cells the curated space is better than the other, worse, and not told apart from it."""
    signs = [compare(of["curated"], of[other]) for of in cells.values()]
    return signs.count(1), signs.count(-1), signs.count(0)
