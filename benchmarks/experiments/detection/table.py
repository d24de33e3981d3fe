"""The detection table as data and as Markdown, from the trials that a run left."""

from __future__ import annotations

import math

import pandas as pd

from benchmarks.experiments.detection.run import ARTICLE_REDUCTION_PCT, QUALITY, DetectionResult, Entry
from benchmarks.statistics.intervals import mean_interval
from tasks.spaces.lowering import MULTIPLIER


def detection_table(result: DetectionResult) -> pd.DataFrame:
    """One row for each model and accelerator.

    latency_ms: of the network compiled whole.  map, map_low, map_high: mean mAP@[.5:.95] over the seeds on test scenes
    and its 95% interval (Student's t); map50: mean mAP@.5.  keeps_map: whether `map` is not below the baseline's by
    more than the tolerance.  failed: trainings that failed, left out of the means.
    """
    baseline = {entry.accelerator: entry for entry in result.entries if entry.model == "Baseline"}
    rows = []
    for entry in result.entries:
        reference = baseline[entry.accelerator]
        mean, low, high = mean_interval(_qualities(entry, QUALITY))
        reference_mean = mean_interval(_qualities(reference, QUALITY))[0]
        rows.append(
            {
                "model": entry.model,
                "article_reduction_pct": ARTICLE_REDUCTION_PCT[entry.model],
                "accelerator": entry.accelerator,
                "latency_ms": entry.cost.latency_ms,
                "latency_reduction_pct": 100 * (1 - entry.cost.latency_ms / reference.cost.latency_ms),
                "map50": mean_interval(_qualities(entry, "map50"))[0],
                "map": mean,
                "map_low": low,
                "map_high": high,
                "seeds": len(_qualities(entry, QUALITY)),
                "macs": entry.cost.macs,
                "param_bytes": entry.cost.param_bytes,
                "peak_activation_bytes": entry.cost.peak_activation_bytes,
                "keeps_map": mean >= reference_mean - result.profile.map_tolerance,
                "failed": sum(trial.state == "failed" for trial in entry.trials),
                "accumulated_latency_ms": entry.accumulated_latency_ms,
                "architecture": describe(entry, result),
            }
        )
    return pd.DataFrame(rows)


def detection_trials(result: DetectionResult) -> pd.DataFrame:
    """Every training that the searches asked for, one row for each search and candidate."""
    rows = [
        {
            "space": space,
            "accelerator": accelerator,
            "step": candidate.step,
            "genotype": " ".join(map(str, candidate.genotype)),
            "latency_ms": candidate.cost["latency_ms"],
            "map": candidate.quality,
            "trainings": len(candidate.evaluations),
            "feasible": candidate.quality is not None and candidate.quality >= result.floor,
        }
        for (space, accelerator), found in result.searches.items()
        for candidate in found.candidates
        if candidate.state == "evaluated"
    ]
    columns = ["space", "accelerator", "step", "genotype", "latency_ms", "map", "feasible"]
    return pd.DataFrame(rows, columns=columns)


def describe(entry: Entry, result: DetectionResult) -> str:
    """Such as "x0.75 -F3F4---": width multiplier, then each block: "-" kept, "F3" fused with expansion 3."""
    space = result.spaces["V1" if entry.model == "Baseline" else entry.model]
    chosen = space.describe(entry.genotype)
    blocks = [decision.name for decision in result.spaces["V2"].decisions]
    kinds = [str(chosen.get(block, "ibn")) for block in blocks]
    fused = "".join("F" + kind.rpartition("_")[2] if kind.startswith("fused") else "-" for kind in kinds)
    return f"x{chosen.get(MULTIPLIER, 1.0):g} {fused}"


def markdown(result: DetectionResult, table: pd.DataFrame) -> str:
    """The table for people, with how it came about."""
    profile = result.profile
    lines = [
        "| model | accelerator | latency ms | reduction | article | mAP@[.5:.95] (95% interval) | mAP@.5 | keeps mAP "
        "| MMACs | params KiB | peak SRAM KiB | network |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in table.to_dict("records"):
        article = "-" if math.isnan(row["article_reduction_pct"]) else f"{row['article_reduction_pct']:.0f}%"
        lines.append(
            f"| {row['model']} | {row['accelerator']} | {row['latency_ms']:.4f} | {row['latency_reduction_pct']:.1f}% "
            f"| {article} | {row['map']:.3f} ({row['map_low']:.3f} to {row['map_high']:.3f}) | {row['map50']:.3f} "
            f"| {'yes' if row['keeps_map'] else 'no'} | {row['macs'] / 1e6:.2f} | {row['param_bytes'] / 1024:.1f} "
            f"| {row['peak_activation_bytes'] / 1024:.0f} | {row['architecture']} |"
        )
    seen = [candidate for found in result.searches.values() for candidate in found.candidates]
    trained = sum(candidate.state == "evaluated" for candidate in seen)
    failed = sum(table["failed"].tolist())
    lines += [
        "",
        f"Profile {result.profile_name}: mean over {profile.final_seeds} seeds of {profile.final.example_passes:,} "
        f"training images each, evaluated on {profile.final.eval_examples:,} test scenes that no decision has seen; "
        f"{failed} trainings failed. Interval: Student's t. Latency, peak SRAM: the whole network compiled by Vela for "
        "the accelerator in its default memory mode, at the size trained on. The article's column is the article's.",
        "",
        f"Search: {profile.strategy}, one for each space and accelerator, {trained} candidates trained "
        f"({profile.search.example_passes:,} images, {profile.search.eval_examples:,} validation scenes; those that "
        f"reached the mAP {profile.confirmations} time(s) more, and their mean counts) of "
        f"{len(seen)} proposed; the rest could not be faster than the best known. A candidate had to reach "
        f"mAP {result.floor:.3f}, the baseline's mean over {profile.search_baseline_seeds} seed(s) less "
        f'{profile.map_tolerance:g}. "keeps mAP" applies the same tolerance to the final means. '
        "Network: width multiplier, then each block: - inverted bottleneck of expansion 6, F3 fused with expansion 3.",
    ]
    if profile.smoke:
        lines += ["", "This profile only checks that everything runs: trained for so short, the figures mean nothing."]
    return "\n".join(lines) + "\n"


def _qualities(entry: Entry, metric: str) -> list[float]:
    return [trial.quality[metric] for trial in entry.trials if trial.state == "done"]
