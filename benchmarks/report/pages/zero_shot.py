"""Which scores of untrained networks rank them as training does."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report.markdown import Row, claim, code, interval, rows, span, table

COUNTS = ("params", "macs", "depth")


def page(folder: Path) -> str:
    """The page's Markdown."""
    tasks: dict[str, dict[str, Row]] = {}
    for row in rows(folder / "zero_shot.csv"):
        tasks.setdefault(row["task"], {})[row["score"]] = row
    scores = list(dict.fromkeys(score for found in tasks.values() for score in found))
    header = ["score", *(f"{task}, n = {found['macs']['n']}" for task, found in tasks.items())]
    lines = [[score, *(_cell(found[score]) if score in found else "-" for found in tasks.values())] for score in scores]
    classification, detection, segmentation = (tasks[name] for name in ("classification", "detection", "segmentation"))
    params, best = classification["params"], segmentation["naswot"]
    faster = span(
        row["scores_per_s"] / row["static_scores_per_s"]
        for found in tasks.values()
        for name, row in found.items()
        if name not in (*COUNTS, "trainability")
    )
    equal = max(row["tau_at_equal_latency"] for found in tasks.values() for row in found.values() if row is not params)
    only_params = claim(
        "Only counting parameters is, on classification",
        [(row["task"], row["score"]) for found in tasks.values() for row in found.values() if row["better_than_macs"]]
        == [("classification", "params")],
    )
    no_better = claim(
        "at equal latency no score is",
        not any(row["better_than_macs_at_equal_latency"] for found in tasks.values() for row in found.values()),
    )
    highest = claim("On segmentation `naswot` is highest", best is max(segmentation.values(), key=_tau))
    return f"""\
Ten scores of untrained networks (zero-cost proxies), a `trainability` made of four of them, and parameters, MACs and
depth beside them; one compilation serves any number of networks.  Each is correlated with trained quality:

{table(header, lines)}
![tau of each score](../../results/zero_shot/zero_shot.png)

Kendall's tau with quality after a short training (95% interval by bootstrap), then the mean tau within quartiles of
latency, where a search under a latency bound chooses; *: better than MACs, by the interval of the difference, after
each figure for itself; {no_better}.

- {only_params} ({params["kendall_tau"]:.2f}, MACs {classification["macs"]["kendall_tau"]:.2f}), where `snip`
  ({classification["snip"]["kendall_tau"]:.2f}) comes near MACs and all other scores are below.
- No score is on detection, where {code(_below_macs(detection))} are below MACs.
- {highest} ({best["kendall_tau"]:.2f}, MACs {segmentation["macs"]["kendall_tau"]:.2f}), but the interval of its lead
  over MACs holds zero, and those of the taus of {code(_near_zero(segmentation))} do.
- At equal latency little is left: parameters have {params["tau_at_equal_latency"]:.2f} on classification (their lead of
  {params["gain_at_equal_latency"]:.2f} over MACs has the interval {params["gain_low"]:.2f} to
  {params["gain_high"]:.2f}), nothing else more than {equal:.2f}.

Through the supernet the ten scores are computed {faster} times as fast as by compiling networks one by one, the
supernet's one compilation apart ([every architecture](../../results/zero_shot/zero_shot_scores.csv)); other trainings
ran beside.
"""


def _tau(row: Row) -> float:
    return row["kendall_tau"]


def _cell(row: Row) -> str:
    mark, within = (" *" if row[name] else "" for name in ("better_than_macs", "better_than_macs_at_equal_latency"))
    tau = interval(row, "kendall_tau", "low", "high", digits=2)
    return f"{tau}{mark}, {row['tau_at_equal_latency']:.2f}{within}"


def _below_macs(found: dict[str, Row]) -> list[str]:
    return [name for name, row in found.items() if _tau(row) < _tau(found["macs"])]


def _near_zero(found: dict[str, Row]) -> list[str]:
    return [name for name, row in found.items() if row["low"] <= 0 and name not in COUNTS]
