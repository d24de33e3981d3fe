"""Which scores of untrained networks rank them as training does."""

from __future__ import annotations

from pathlib import Path

from benchmarks.markdown import Row, code, interval, listed, rows, table

COUNTS = ("params", "macs", "depth")


def page(folder: Path) -> str:
    """The page's Markdown."""
    tasks: dict[str, dict[str, Row]] = {}
    for row in rows(folder / "zero_shot.csv"):
        tasks.setdefault(row["task"], {})[row["score"]] = row
    return f"""\
Scores of untrained networks (zero-cost proxies) beside parameters, MACs and depth, held against networks of the
[trained tables](tables.md), by the quality that they were trained to.  Tau: Kendall's, with its 95% interval by
bootstrap over cells of the design, whose networks share all but channels.  At equal latency: the mean tau within
quartiles of latency, where a search under a latency bound chooses.  In the best tenth: the tau there, where it ends.
An asterisk: better than MACs, by the 95% interval of the difference, not adjusted for how many scores are compared.
n: of how many networks the score is known, a random draw made before looking, or all but those that are yet to be
scored or whose score is not finite.  Networks a CPU second are through one supernet that serves all, and were timed on
two kinds of processor.

{"".join(_of_task(task, list(found.values())) for task, found in tasks.items())}
![tau of each score](../../results/zero_shot/zero_shot.png)

{"".join(_verdict(task, found) for task, found in tasks.items())}
Scores of `accelnas list` that are not in the table have not been computed for these networks yet; `accelnas reproduce
zero_shot` goes on where it stopped ([every network](../../results/zero_shot/zero_shot_scores.csv), among them those of
the arenas that [contests](head_to_head.md) score).
"""


def _of_task(task: str, found: list[Row]) -> str:
    header = ("score", "n", "tau (95% interval)", "at equal latency", "in the best tenth", "a CPU second")
    lines = [
        [
            row["score"],
            str(row["n"]),
            interval(row, "kendall_tau", "low", "high", digits=2) + (" *" if row["better_than_macs"] else ""),
            f"{row['tau_at_equal_latency']:.2f}" + (" *" if row["better_than_macs_at_equal_latency"] else ""),
            f"{row['tau_best_tenth']:.2f}",
            _speed(row),
        ]
        for row in found
    ]
    return f"## {task.capitalize()}\n\n{table(header, lines)}\n"


def _speed(row: Row) -> str:
    if row["score"] in COUNTS:
        return "counted"
    return f"{row['scores_per_s']:.1f}" if row["scores_per_s"] == row["scores_per_s"] else "-"


def _verdict(task: str, found: dict[str, Row]) -> str:
    """Who is highest, who beats MACs, and what of it is left at equal latency and in the best tenth."""
    best = max(found.values(), key=lambda row: row["kendall_tau"])
    beats = [name for name, row in found.items() if row["better_than_macs"]]
    equal = [name for name, row in found.items() if row["better_than_macs_at_equal_latency"]]
    there = [name for name, row in found.items() if row["best_tenth_low"] > 0]
    return (
        f"- **{task.capitalize()}**: highest is `{best['score']}` ({best['kendall_tau']:.2f}, MACs "
        f"{found['macs']['kendall_tau']:.2f}); better than MACs: {_names(beats)}, at equal latency: {_names(equal)}; "
        f"with an interval above zero in the best tenth: {_names(there)}.\n"
    )


def _names(names: list[str]) -> str:
    return code(names) if names else listed(())
