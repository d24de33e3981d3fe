"""Tables of other experiments in short."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import fmean

from benchmarks.markdown import Row, rows
from benchmarks.statistics.intervals import mean_interval
from benchmarks.store.made import recorded


def gathered(results: Path) -> dict[str, list[dict[str, str]]]:
    """Tables of other experiments in short, {heading: rows of cells by column}."""
    fused = [
        {
            **{"accelerator": row["accelerator"], "block": row["decision"], "becomes": row["choice"]},
            "less latency, %": f"{row['latency_reduction_pct']:.1f}",
            "MACs / baseline's": f"{row['macs_ratio']:.2f}",
            "mAP difference, predicted": f"{row['quality_difference']:+.3f}",
        }
        for row in rows(results / "detection/detection_fusion.csv")
    ]
    curated = [
        {
            **{"task": row["task"], "accelerator": row["accelerator"], "space": row["space"]},
            "regret, %": f"{row['regret']:.2f}",
            "95% interval": f"{row['regret_low']:.2f} to {row['regret_high']:.2f}",
            "searches within 5%, %": f"{100 * row['success_rate']:.0f}",
            "steps up that raise latency": f"{row['monotone_share']:.3f}",
        }
        for row in rows(results / "curation/curation.csv")
    ]
    scores = [
        {
            **{"task": row["task"], "score": row["score"], "networks": str(row["n"])},
            "Kendall's tau": f"{row['kendall_tau']:.2f}",
            "95% interval": f"{row['low']:.2f} to {row['high']:.2f}",
        }
        for row in rows(results / "zero_shot/zero_shot.csv")
    ]
    errors = [
        {
            **{"accelerator": row["accelerator"], "networks": str(row["n"])},
            "within 10%, % of networks": f"{row['within_10pct']:.0f}",
            "mean error, %": f"{row['mape_pct']:.1f}",
            "Kendall's tau": f"{row['kendall_tau']:.3f}",
        }
        for row in rows(results / "estimator/estimator.csv")
        if (row["method"], row["set"]) == ("estimator", "general")
    ]
    made = recorded(results).get("single_shot/single_shot.csv")
    old = " (networks of the first version of the spaces)" if made is not None and made.first_version else ""
    return {
        "Detector: each block fused alone": fused,
        "Curated or not: where searches end": curated,
        "Scores of untrained networks": scores,
        f"Supernets: how they rank networks trained from scratch, and what they cost{old}": supernet_lines(results),
        "The estimator against the compiler, networks that its fit did not see": errors,
    }


def supernet_lines(results: Path) -> list[dict[str, str]]:
    """A line for each task and algorithm; intervals over supernets, empty where there is one."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows(results / "single_shot/single_shot.csv"):
        groups.setdefault((row["task"], row["algorithm"]), []).append(row)
    lines = []
    for (task, algorithm), own in groups.items():
        tau, low, high = mean_interval([row["kendall_tau"] for row in own])
        between = "" if math.isnan(low) else f"{low:.2f} to {high:.2f}"
        lines.append(
            {
                **{"task": task, "supernet": algorithm, "supernets": str(len(own)), "networks": str(own[0]["n"])},
                **{"Kendall's tau": f"{tau:.2f}", "95% interval": between},
                "tau of MACs": f"{own[0]['macs_tau']:.2f}",
                "cost in trainings": f"{fmean(row['cost_in_trainings'] for row in own):.1f}",
                "found within the bound": str(sum(row["meets_target"] for row in own)),
            }
        )
    return lines
