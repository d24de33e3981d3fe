"""Write results/report.html from the CSVs: one file with nothing from outside."""

from __future__ import annotations

import base64
import math
from pathlib import Path
from statistics import fmean
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.experiments.head_to_head.plot import LINES
from benchmarks.markdown import KIB, Row, listed, rows
from benchmarks.report.html.charts import Chart, calibration, curves, scatter
from benchmarks.report.html.gathered import gathered
from benchmarks.report.pages.optimisers_curse import rounds
from benchmarks.report.pages.surrogate import of_whole_tables
from benchmarks.store.made import digest, recorded
from benchmarks.tables.summaries import blocks_of
from hw_model.files import write_whole

TEMPLATE = "report.html.j2"
TABLES = ("detection", "classification", "segmentation", "iso_latency", "transfer")
SHOWN = "ethos-u65-512"
"""The accelerator of figures that show one."""
BUDGET = 100
"""Trainings of the matrix of differences."""
CURVES = "head_to_head/head_to_head_curves.csv"


def write_report(root: Path) -> list[Path]:
    """Write it below `root`; the path, if that changed it."""
    path = root / "results/report.html"
    text = report(root)
    if path.exists() and path.read_text() == text:
        return []
    write_whole(path, text)
    return [path]


def report(root: Path) -> str:
    """The whole page."""
    results = root / "results"
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    claims = rows(results / "claims/claims.csv")
    verdicts = ("reproduced", "partly", "not reproduced", "not comparable")
    names, matrix = differences(results)
    winners = rounds(results / "optimisers_curse")
    last = {row["task"]: row for row in sorted(winners, key=lambda row: row["round"])}
    tables = {name: model_lines(results, name) for name in TABLES}
    return environment.get_template(TEMPLATE).render(
        claims=claims,
        counts={name: sum(row["verdict"] == name for row in claims) for name in verdicts},
        tables=tables,
        waiting=sum(line["source"].startswith("predicted") for lines in tables.values() for line in lines),
        fitted=[row["n"] for row in surrogate_lines(results)],
        charts=[detection_chart(results), segmentation_chart(results)],
        anytime=anytime_chart(results),
        calibrated=calibration_chart(results),
        surrogates=surrogate_lines(results),
        winners=winners,
        too_high=listed(f"{row['difference']:+.3f} on {task}" for task, row in last.items()),
        seed_std={row["task"]: row["seed_std"] for row in rows(results / "tables/agreement.csv")},
        matrix_names=names,
        matrix=matrix,
        budget=BUDGET,
        cells=len({(row["task"], row["accelerator"]) for row in rows(results / CURVES)}),
        networks=network_lines(results),
        gathered=gathered(results),
        energy=rows(results / "sustainability/sustainability.csv"),
        landscape=_embedded(results / "landscape/landscape.png"),
        origins=origins(results),
        shown=SHOWN,
    )


def model_lines(results: Path, name: str) -> list[Row]:
    """The rows of one of the article's tables, with one name for quality in all of them."""
    found = []
    for row in rows(results / name / f"{name}.csv"):
        task = row.get("task", row.get("target", name))
        quality = "map" if "map" in row else "quality"
        article = row.get("article_reduction_pct", math.nan)
        found.append(
            {
                **{"task": task, "model": row["model"], "accelerator": row["accelerator"]},
                "latency_ms": f"{row['latency_ms']:.4f}",
                "reduction": f"{row['latency_reduction_pct']:.1f}",
                "article": "" if math.isnan(article) else f"{article:.0f}",
                **_quality(row, quality),
                "mmacs": f"{row['macs'] / 1e6:.1f}",
                "param_kib": f"{row['param_bytes'] / KIB:.0f}",
                "sram_kib": f"{row['peak_activation_bytes'] / KIB:.0f}",
                "optimum": _number(row.get("table_optimum_latency_ms", math.nan)),
                "estimated": _number(row.get("accumulated_latency_ms", math.nan)),
            }
        )
    return found


def _quality(row: Row, name: str) -> dict[str, str]:
    """Cells of a quality; empty where it is not known."""
    if math.isnan(row[name]):
        return dict.fromkeys(("quality", "interval", "source", "difference"), "")
    return {
        "quality": f"{row[name]:.3f}",
        "interval": f"{row[f'{name}_low']:.3f} to {row[f'{name}_high']:.3f}",
        "source": _source(row),
        "difference": f"{row['quality_difference']:+.3f}",
    }


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4f}"


def _source(row: Row) -> str:
    known = row["quality_source"] if row["seeds"] == 0 else f"trained, {row['seeds']} seeds"
    return f"{known}, recipe {row['recipe']}"


def _tip(row: Row, quality: float, command: str) -> str:
    found = f"{row['latency_ms']:.4f} ms, {quality:.3f}, {row['quality_difference']:+.3f} ({_source(row)})"
    return f"{row['model']}: {found}\n{row['network']}\n{command}"


def detection_chart(results: Path) -> Chart:
    """Models by compiled latency and what they lose of the baseline's mAP, as some are known by another recipe."""
    panels: dict[str, list[Row]] = {}
    for row in rows(results / "detection/detection.csv"):
        point = {"x": row["latency_ms"], "y": row["quality_difference"], "group": row["model"], "label": row["model"]}
        point["tip"] = _tip(row, row["map"], "accelnas reproduce detection")
        panels.setdefault(row["accelerator"], []).append(point)
    text = (
        "Compiled latency against the difference from the baseline's mAP, by the same recipe, of the detector's "
        "baseline, V1, V2, V3, the expert's networks and a full search"
    )
    axes = ("latency, ms", "mAP less the baseline's")
    return scatter("detection", "Detection: latency and mAP", text, panels, axes)


def segmentation_chart(results: Path) -> Chart:
    """The front by estimate, and the five models with the baseline compiled, each beside the baseline by one recipe."""
    panels: dict[str, list[Row]] = {}
    expected = {
        row["accelerator"]: row["baseline_quality"]
        for row in rows(results / "truth/truth.csv")
        if row["task"] == "segmentation"
    }
    for row in rows(results / "segmentation/segmentation_front.csv"):
        difference = row["predicted"] - expected[row["accelerator"]]
        point = {"x": row["estimated_ms"], "y": difference, "group": "front"}
        genotype = f"front: {row['estimated_ms']:.4f} ms by the estimator, {row['predicted']:.3f} predicted"
        point["tip"] = f"{genotype}\ngenotype {row['genotype']}\naccelnas reproduce segmentation"
        panels.setdefault(row["accelerator"], []).append(point)
    for row in rows(results / "segmentation/segmentation.csv"):
        point = {"x": row["latency_ms"], "y": row["quality_difference"], "group": row["model"]}
        point |= {"label": row["model"].removeprefix("Model ")}
        point["tip"] = _tip(row, row["quality"], "accelnas reproduce segmentation")
        panels[row["accelerator"]].append(point)
    text = (
        "Estimated latency against the predicted difference from the baseline's mIoU of a Pareto front, with models A "
        "to E and the baseline compiled, and trained where they are"
    )
    axes = ("latency, ms", "mIoU less the baseline's")
    return scatter("segmentation", "Segmentation: the front, and models A to E", text, panels, axes)


def anytime_chart(results: Path) -> Chart:
    """Regret as searches spend, on one accelerator."""
    panels: dict[str, dict[str, list[Row]]] = {}
    styles: dict[str, str] = {}
    for row in rows(results / CURVES):
        if row["accelerator"] == SHOWN:
            styles[row["algorithm"]] = LINES.get(row["family"], "-")
            lines = panels.setdefault(row["task"], {})
            point = {"x": row["trainings"], "y": row["regret"], "low": row["low"], "high": row["high"]}
            lines.setdefault(row["algorithm"], []).append(point)
    text = (
        f"Mean regret of each contender against trainings, three tasks on {SHOWN}, bands are 95% intervals; hybrids "
        "are dashed, random search is dotted"
    )
    return curves("anytime", "Regret as searches spend", text, panels, ("trainings", "regret"), styles)


def calibration_chart(results: Path) -> Chart:
    """How often the surrogates' intervals hold, cells held out."""
    lines = {
        row["task"]: [(level, 100 * row[f"coverage_{level}"]) for level in (50, 80, 95)]
        for row in surrogate_lines(results)
    }
    text = "Share of held-out trainings within the surrogates' 50, 80 and 95% intervals, by task"
    return calibration("calibration", "Calibration of the surrogates", text, lines)


def surrogate_lines(results: Path) -> list[Row]:
    """The surrogates' rows with all networks, cells held out."""
    return list(of_whole_tables(rows(results / "surrogate/surrogate.csv"), "cell").values())


def differences(results: Path) -> tuple[list[str], list[list[Row | None]]]:
    """Contenders from the best on, and what each row's regret is less the column's."""
    found = [row for row in rows(results / "head_to_head/head_to_head_differences.csv") if row["budget"] == BUDGET]
    regret: dict[str, list[float]] = {}
    for row in found:
        regret.setdefault(row["algorithm"], []).append(row["regret_pct"])
    names = sorted(regret, key=lambda name: fmean(regret[name]))
    cells: dict[tuple[str, str], Row] = {(row["algorithm"], row["other"]): row for row in found}
    return names, [[cells.get((one, other)) for other in names] for one in names]


def network_lines(results: Path) -> list[dict[str, Any]]:
    """The baseline of each task beside what was found on one accelerator, as diagrams."""
    found = []
    for task, model in (("detection", "V3"), ("segmentation", "Model E"), ("classification", "NAS")):
        for row in rows(results / task / f"{task}.csv"):
            if row["accelerator"] == SHOWN and row["model"] in ("Baseline", model):
                shape, blocks = blocks_of(row["network"])
                found.append(
                    {
                        "task": task,
                        "model": row["model"],
                        "shape": shape,
                        "blocks": blocks,
                        "latency_ms": row["latency_ms"],
                    }
                )
    return found


def origins(results: Path) -> list[Row]:
    """Where each file that was read comes from, as far as that is recorded."""
    known = recorded(results)
    read = [f"{name}/{name}.csv" for name in (*TABLES, "claims", "surrogate", "sustainability")]
    read += ["segmentation/segmentation_front.csv", "detection/detection_fusion.csv", "curation/curation.csv"]
    read += [f"{name}/{name}.csv" for name in ("zero_shot", "estimator", "optimisers_curse", "single_shot")]
    read += ["tables/agreement.csv", "truth/truth.csv", "landscape/landscape.png"]
    read += [CURVES, "head_to_head/head_to_head_differences.csv"]
    return [
        {
            "file": name,
            "sha256": digest(results / name),
            "date": known[name].date if name in known else "not recorded",
            "commit": known[name].commit if name in known else "not recorded",
            "machine": known[name].machine if name in known else "not recorded",
        }
        for name in read
    ]


def _embedded(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
