"""What the article says of curated search spaces."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from benchmarks.experiments.claims.claim import ESTIMATOR, Claim
from benchmarks.experiments.claims.figures import Results, Row, Source, over, over_tasks, paired
from benchmarks.experiments.claims.rules import Figure
from benchmarks.search.many_costs import COUNTED

CURATION, LANDSCAPE = "curation/curation.csv", "landscape/landscape.csv"
CURATING = "Search space curation"

CELLS = "of searches in general, not of every cell: the mean over tasks with its interval"
LINES = f"lines of one layer's channels along which the cost falls somewhere by more than {100 * COUNTED:g}%"


def falling(rows: list[Row], column: str) -> list[np.ndarray]:
    """Where a column of these points of the landscape falls by more than COUNTED: bool[steps] for each line, along
    which one layer's channels go up and the other's stay.
    """
    surface = pd.DataFrame(rows).pivot(index="channels_2", columns="channels_3", values=column).to_numpy(float)
    both = [np.diff(np.log(each), axis=1) < -math.log1p(COUNTED) for each in (surface, surface.T)]
    return [line for steps in both for line in steps]


def more_lines_fall(one: str, other: str, measured: str) -> Source:
    """Share of lines along which a column falls somewhere that is more than the share of another, over all lines of one
    grid: none is drawn, so there is no interval.
    """

    def source(results: Results) -> Figure:
        rows = results.rows(LANDSCAPE)
        if not rows:
            return Figure()
        lines = [falling(rows, column) for column in (one, other)]
        counts = [(sum(bool(line.any()) for line in each), len(each)) for each in lines]
        gain = counts[0][0] / counts[0][1] - counts[1][0] / counts[1][1]
        steps = [np.concatenate(each) for each in lines]
        fallen = " against ".join(f"{part} of {whole}" for part, whole in counts)
        single = " against ".join(f"{each.sum()} of {each.size} ({each.mean():.1%})" for each in steps)
        note = f"{fallen} lines, all of one grid; of single steps {single}"
        return Figure(gain, gain, gain, counts[0][1], "compiled", measured, note=note)

    return source


def share_that_falls(rows: list[Row]) -> float:
    """Of the lines of these points, those along which latency falls somewhere."""
    return float(np.mean([line.any() for line in falling(rows, "latency_ms")]))


def shifted_lines_fall(results: Results) -> Figure:
    """Share of lines along which latency falls somewhere on grids as coarse as the curated one but at other channels,
    less that on the curated one: mean, least and most of them.  All of fewer channels fall less, curated or not.
    """
    rows = results.rows(LANDSCAPE)
    curated = [row for row in rows if row["curated"]]
    kept = sorted({row["channels_2"] for row in curated})
    if len(kept) < 2:
        return Figure()
    step, own = kept[1] - kept[0], share_that_falls(curated)
    shifted = [
        [row for row in rows if row["channels_2"] % step == row["channels_3"] % step == offset]
        for offset in range(step)
        if offset != kept[0] % step
    ]
    shares = [share_that_falls(each) for each in shifted]
    what = (
        f"share of {LINES}, at every {step}th channel but the curated ones, less that at these, mean "
        "over grids; n counts grids"
    )
    figure = over((share - own for share in shares), "compiled", what)
    whole = share_that_falls(rows)
    note = (
        f"{own:.0%} of lines fall at the curated channels, none on {sum(share == 0 for share in shares)} of "
        f"{len(shares)} such grids beside them, {whole:.0%} at all channels"
    )
    return figure._replace(note=note)


def _curated_and_not(results: Results) -> list[tuple[Row, Row]]:
    """Rows of the curated and of the uncurated space, by task and accelerator."""
    file = CURATION
    others = {(row["task"], row["accelerator"]): row for row in results.rows(file, space="uncurated")}
    found = [(row, others.get((row["task"], row["accelerator"]))) for row in results.rows(file, space="curated")]
    return [(row, other) for row, other in found if other is not None]


def times_less(name: str, measured: str) -> Source:
    """How many times as much of a column the uncurated space has as the curated one, over tasks."""

    def source(results: Results) -> Figure:
        pairs = _curated_and_not(results)
        wrong = [row for pair in pairs for row in pair if not 0 < row[name] < math.inf]
        if wrong:
            where = f"{wrong[0]['task']} on {wrong[0]['accelerator']}"
            what = f"{name} is {wrong[0][name]:g} in the {wrong[0]['space']} space of {where}, so that it has no ratio"
            return Figure(measured=f"{measured}, uncurated over curated", lacking=what)
        ratios = ((row["task"], base[name] / row[name]) for row, base in pairs)
        return over_tasks(ratios, "predicted", f"{measured}, uncurated over curated", ratios=True)

    return source


def more_reliable(results: Results) -> Figure:
    """Share of searches that succeed, curated less uncurated, over tasks."""
    gains = ((row["task"], row["success_rate"] - base["success_rate"]) for row, base in _curated_and_not(results))
    what = "share of searches that end within 5% of the best known, curated less uncurated"
    return over_tasks(gains, "predicted", what)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "accelerator-aware cost goes up and down where MACs go one way",
        f"{CURATING}: However, the inclusion of accelerator-aware constraints",
        math.nan,
        "above",
        more_lines_fall("latency_ms", "macs", f"share of {LINES}, latency less MACs; n counts lines"),
        LANDSCAPE,
        begins=0.0,
        why="the article calls monotone what one may follow in a direction without the cost going up: so whole lines, "
        "of the compiler's latency, by more than weights drawn anew move it; every line of one window of one network",
    ),
    Claim(
        "the curated space is more monotone",
        f"{CURATING}: During the optimization process, they resulted in",
        math.nan,
        "above",
        shifted_lines_fall,
        LANDSCAPE,
        begins=0.0,
        why="fewer, larger steps fall less whichever they are: so against grids as coarse at other channels, lines as "
        "of the rocky landscape; one window of one network",
    ),
    Claim(
        "searches of the curated space converge faster",
        f"{CURATING}: During the optimization process, they resulted in a faster convergence rate",
        math.nan,
        "above",
        times_less("expected_evaluations", "evaluations until within 5% of the best known"),
        CURATION,
        begins=1.0,
        why=f"{CELLS}; ratios, as evaluations differ by orders of magnitude between cells",
    ),
    Claim(
        "searches of the curated space are more stable",
        f"{CURATING}: During the optimization process, they resulted in (stability)",
        math.nan,
        "above",
        times_less("spread", "standard deviation of where searches end"),
        CURATION,
        begins=1.0,
        why=f"{CELLS}; ratios, as tasks' qualities spread differently",
    ),
    Claim(
        "searches of the curated space are more reliable",
        f"{CURATING}: During the optimization process, they resulted in (reliability)",
        math.nan,
        "above",
        more_reliable,
        CURATION,
        begins=0.0,
        why=f"{CELLS}; differences, as a share can count for no more than 1",
    ),
    Claim(
        "a regression on parts, accumulated, gives the model's latency (better than MACs do)",
        f"{CURATING}: At inference time, the estimator would decompose",
        math.nan,
        "above",
        paired(
            *(
                ESTIMATOR,
                "kendall_tau",
                ("accelerator", "set"),
                {"method": "estimator", "set": "general"},
                {"method": "macs", "set": "general"},
            ),
            "compiled",
            "Kendall's tau with compiled latency, estimator less MACs, mean over accelerators; n counts accelerators",
        ),
        ESTIMATOR,
        begins=0.0,
    ),
)
