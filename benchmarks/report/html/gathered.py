"""Tables of other experiments in short."""

from __future__ import annotations

import math
from pathlib import Path

from benchmarks.markdown import rows
from benchmarks.report.pages.single_shot import supernets
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
    """A line for each algorithm and spend on a task and accelerator; without an interval where there is none."""
    lines = []
    for each in supernets(results / "single_shot"):
        (tau, low, high), first = each.tau, each.rows[0]
        lines.append(
            {
                **dict(zip(("task", "accelerator", "spend"), each.contest, strict=True)),
                **{"supernet": each.algorithm, "supernets": str(len(each.rows)), "networks": str(first["n"])},
                **{"Kendall's tau": f"{tau:.2f}"},
                "95% interval": "" if math.isnan(low) else f"{low:.2f} to {high:.2f}",
                "tau of MACs": f"{first['macs_tau']:.2f}",
                "cost in trainings": f"{each.mean('cost_in_trainings'):.1f}",
                "found within the bound": str(sum(row["meets_target"] for row in each.rows)),
            }
        )
    return lines
