"""Which scores of untrained networks rank them as training does."""

from __future__ import annotations

from pathlib import Path

from benchmarks.markdown import Row, code, interval, listed, rows, span, table

COUNTS = ("params", "macs", "depth")


def page(folder: Path) -> str:
    """The page's Markdown."""
    tasks: dict[str, dict[str, Row]] = {}
    for row in rows(folder / "zero_shot.csv"):
        tasks.setdefault(row["task"], {})[row["score"]] = row
    scores = list(dict.fromkeys(score for found in tasks.values() for score in found))
    most = {task: max(row["n"] for row in found.values()) for task, found in tasks.items()}
    header = ["score", *(f"{task}, n = {most[task]}" for task in tasks), "a CPU second"]
    lines = [
        [score, *(_cell(found.get(score), most[task]) for task, found in tasks.items()), _speed(tasks, score)]
        for score in scores
    ]
    return f"""\
Scores of untrained networks (zero-cost proxies) beside parameters, MACs and depth, held against networks of the
[trained tables](tables.md), by the quality that they were trained to:

{table(header, lines)}
![tau of each score](../../results/zero_shot/zero_shot.png)

Kendall's tau (95% interval by bootstrap over cells of the design, whose networks share all but channels); then the
mean tau within quartiles of latency, where a search under a latency bound chooses, and the tau within the best tenth,
where it ends; *: better than MACs, by the interval of the difference, after each of the first two for itself, not
adjusted for how many scores are compared.  Where an n is said, so many of the networks have the score: a
random draw made before looking, or all but those that are yet to be scored or whose score is not finite.  Networks a
CPU second are through one supernet that serves all, and were timed on two kinds of processor.

{"".join(_verdict(task, found) for task, found in tasks.items())}
Scores of `accelnas list` that are not in the table have not been computed for these networks yet; `accelnas reproduce
zero_shot` goes on where it stopped ([every network](../../results/zero_shot/zero_shot_scores.csv), among them those of
the arenas that [contests](head_to_head.md) score).
"""


def _cell(row: Row | None, most: int) -> str:
    """most: networks of the task that any score is known of."""
    if row is None:
        return "-"
    some = f" (n = {row['n']})" if row["n"] < most else ""
    mark, within = (" *" if row[name] else "" for name in ("better_than_macs", "better_than_macs_at_equal_latency"))
    tau = interval(row, "kendall_tau", "low", "high", digits=2)
    return f"{tau}{mark}; {row['tau_at_equal_latency']:.2f}{within}; {row['tau_best_tenth']:.2f}{some}"


def _speed(tasks: dict[str, dict[str, Row]], score: str) -> str:
    if score in COUNTS:
        return "counted"
    found = [row[score]["scores_per_s"] for row in tasks.values() if score in row]
    known = [speed for speed in found if speed == speed]
    return span(known, 1) if known else "-"


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
