"""Baselines and winners as int8 files."""

from __future__ import annotations

import math
from pathlib import Path

from benchmarks.markdown import KIB, Row, listed, rows, span, table

HEADER = ("task", "model", "accelerator", "quality, float", "int8", "loss, points", "ms a search sees")
HEADER += ("compiled, drawn weights", "compiled, trained weights", "trained over told", "int8 KiB")
POINT = 0.01


def page(folder: Path) -> str:
    """The page's Markdown."""
    found = rows(folder / "export.csv")
    networks = {(row["task"], row["bytes"], row["quality_float"]): row for row in found}
    losses = [_loss(row) for row in networks.values()]
    more = [f"{row['task']} {row['model']} ({row['accelerator']})" for row in networks.values() if _loss(row) > 1]
    searched = [abs(_percent(row, "searched_ms")) for row in found]
    drawn = [abs(_percent(row, "compiled_ms")) for row in found]
    files = list(dict.fromkeys(row["file"] for row in found if isinstance(row["file"], str)))
    size = sum((folder / file).stat().st_size for file in files if (folder / file).exists())
    links = listed(f"[{file}](../../results/export/{file})" for file in files)
    other = of_earlier_searches(found, rows(folder.parent / "detection" / "detection.csv"))
    earlier = f", but {listed(other)} of an earlier search, made before its surrogate was fitted again" if other else ""
    beyond = f"; more than a point: {listed(more)}" if more else ""
    return f"""\
Each network is trained once by the recipe of the trained tables and exported by what `accelnas export` does: batch
normalisation folded, weights quantised by channel, activations by the range of 128 training images.  Quality is of the
.tflite files in LiteRT on the test examples; float files and JAX differ by at most
{max(row["float_difference"] for row in found):.1e}.  Winners are those of [the detection table](detection.md){earlier}:

{table(HEADER, map(_line, found))}
Int8 takes {span(losses, 2)} points off the {len(networks)} networks' quality (negative: it gains){beyond}.  One
training stands behind each network: differences between models as small as those between seeds say nothing.
{_missing(found)}

The last two latencies are the compiler's, for weights drawn from the distribution that
[`accelnas cost`](../reference/cost.md) states and for the trained ones, which compress otherwise.  With the trained
weights latency is {span(drawn, 1)}% off that with drawn ones, and {span(searched, 1)}% off what a search sees (the
estimator's).
{_cpu(found)}

The int8 files of detection's baseline and its winners on the ethos-u85-1024, {size / KIB:.0f} KiB together: {links}.
[How to make and use such files](../how-to/export.md).
"""


def of_earlier_searches(found: list[Row], table_rows: list[Row]) -> list[str]:
    """Models of detection that are other networks in its table, by what the estimator says of them; with accelerators
    where it is not all of a model's.
    """
    now = {(row["model"], row["accelerator"]): row["accumulated_latency_ms"] for row in table_rows}
    others: dict[str, dict[str, bool]] = {}
    for row in found:
        if row["task"] == "detection":
            there = now.get((row["model"], row["accelerator"]), math.nan)
            is_other = not math.isclose(there, row["searched_ms"], rel_tol=1e-4)
            others.setdefault(row["model"], {})[row["accelerator"]] = is_other
    return [
        model if all(of.values()) else f"{model} ({listed(name for name, is_other in of.items() if is_other)})"
        for model, of in others.items()
        if any(of.values())
    ]


def _loss(row: Row) -> float:
    return (row["quality_float"] - row["quality_int8"]) / POINT


def _percent(row: Row, of: str) -> float:
    """By how much the exported file's latency is above another, in per cent of that."""
    return 100 * (row["exported_ms"] / row[of] - 1)


def _cpu(found: list[Row]) -> str:
    left = sum(row["cpu_operators"] for row in found)
    return f"{left} operators stay on the host CPU." if left else "Every operator of every file runs on the NPU."


def _missing(found: list[Row]) -> str:
    """Winners of which there is no row yet."""
    models = {row["model"] for row in found if row["task"] == "detection"}
    there = {(row["model"], row["accelerator"]) for row in found}
    lacking = sorted(
        f"{model} on {accelerator}"
        for model in models
        for accelerator in {row["accelerator"] for row in found}
        if (model, accelerator) not in there
    )
    return f"Not trained yet: {listed(lacking)}." if lacking else ""


def _line(row: Row) -> list[str]:
    return [
        row["task"],
        row["model"],
        row["accelerator"],
        f"{row['quality_float']:.4f}",
        f"{row['quality_int8']:.4f}",
        f"{_loss(row):.2f}",
        f"{row['searched_ms']:.4f}",
        f"{row['compiled_ms']:.4f}",
        f"{row['exported_ms']:.4f}",
        f"{_percent(row, 'searched_ms'):+.1f}%",
        f"{row['bytes'] / KIB:.0f}",
    ]
