"""The article's table of human-presence detection (section 1) on the trained table of FashionScenes, and Ethos-U.

Writes results/detection/detection.csv (a row for each model and accelerator), detection_levels.csv (what would be found
at other tolerances) and detection_fusion.csv (each block fused alone); run: accelnas reproduce detection.

V1 searches a width multiplier, V2 which inverted bottlenecks to fuse, V3 both; each seeks the least latency at which
the table expects the baseline's mAP, within the stated tolerance.  All three are enumerated, so that the best that
the table has stands beside what the search found.  Fusion only and Expert are the expert's rules, which look at costs
alone; Full NAS decides all that the space curated for the accelerator decides.  Nothing is trained here (`--live` does
that): `quality_source` says where a quality comes from.  map50: of the row's own trainings; the table predicts none.
"""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from benchmarks.experiments.detection.fusion import fusion_rows
from benchmarks.experiments.detection.searches import Found, full_search, search_space
from benchmarks.experiments.detection.settings import Settings
from benchmarks.store.files import write_table
from benchmarks.tables.model_rows import Model, keeps, model_rows
from benchmarks.tables.models import Models, Row, load_models
from benchmarks.tables.optima import baseline_figures
from hw_model.cost import Cost
from hw_model.cost_models import parallelism_factor
from hw_model.predict import predict
from hw_model.vela.measurements import MeasurementCache
from tasks.expert.procedure import ExpertSettings, improve
from tasks.spaces.lowering import MULTIPLIER
from tasks.spaces.registry import ARTICLE_SPACES
from tasks.spaces.space import SearchSpace

__all__ = ["Settings", "run"]

TASK = "detection"
ARTICLE_PCT = {"V1": 14.0, "V2": 35.0, "V3": 53.0, "Fusion only": 50.0, "Expert": math.nan, "Full NAS": 53.0}
RULES = {"Fusion only": ("fuse_ibn",), "Expert": ExpertSettings().rules}
COLUMNS = (
    *("model", "article_reduction_pct", "accelerator", "latency_ms", "latency_reduction_pct", "map50", "map"),
    *("map_low", "map_high", "seeds", "macs", "param_bytes", "peak_activation_bytes", "keeps_map"),
    *("accumulated_latency_ms", "table_optimum_latency_ms", "architecture"),
)
"""Those that others read by name, in their order; the rest follows."""


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Enumerate, search, compile, print and write."""
    settings, models = settings.of_profile(), load_models(TASK, settings.tables)
    home.mkdir(parents=True, exist_ok=True)
    rows, levels, fusion = list[Row](), list[Row](), list[Row]()
    known = baseline_figures(models.table, settings.accelerators)
    with MeasurementCache(home / "measurements.sqlite") as cache:
        for accelerator in settings.accelerators:
            found = [search_space(name, accelerator, known[accelerator], settings) for name in ARTICLE_SPACES[TASK]]
            own = accelerator_rows(models, found, accelerator, known[accelerator], settings, cache)
            levels += [row for each in found for row in each.levels]
            fusion += fusion_rows(models, accelerator, cache)
            rows += own
            shown = [
                "model",
                "latency_ms",
                "latency_reduction_pct",
                "map",
                "quality_source",
                "quality_difference",
                "architecture",
            ]
            print(f"{accelerator}\n{pd.DataFrame(own)[shown].to_string(index=False)}", flush=True)
    table = pd.DataFrame(rows)
    others = [name for name in table.columns if name not in COLUMNS]
    write_table(folder / "detection.csv", table.reindex(columns=[*COLUMNS, *others]))
    write_table(folder / "detection_levels.csv", pd.DataFrame(levels))
    write_table(folder / "detection_fusion.csv", pd.DataFrame(fusion))


def accelerator_rows(
    models: Models,
    found: list[Found],
    accelerator: str,
    known: tuple[float, float],
    settings: Settings,
    cache: MeasurementCache,
) -> list[Row]:
    """The rows of one accelerator, Baseline, V1 to V3, and what an expert and a search of everything come to."""
    chosen = [Model("Baseline", math.nan, models.baseline, _table_columns(known[0], known[0]))]
    for each in found:
        more = _table_columns(each.latency_ms, each.optimum_ms) | each.searches
        network = models.of_space(each.space, each.genotype)
        chosen.append(Model(each.space.name, ARTICLE_PCT[each.space.name], network, more))
    for name, rules in RULES.items():

        def cost(blocks: tuple) -> Cost:
            return predict(blocks, accelerator).cost

        blocks, _ = improve(models.baseline.blocks, cost, parallelism_factor(accelerator), ExpertSettings(rules=rules))
        more = _table_columns(float(cost(blocks).latency_ms), math.nan)
        chosen.append(Model(name, ARTICLE_PCT[name], models.rewritten(blocks), more))
    space, genotype, latency_ms = full_search(models, accelerator, known, settings)
    more = _table_columns(latency_ms, math.nan)
    chosen.append(Model("Full NAS", ARTICLE_PCT["Full NAS"], models.of_space(space, genotype), more))
    base, *rest = model_rows(models, chosen[1:], accelerator, cache, others=("map50",))
    rows = [base | dict(chosen[0].more), *rest]
    described = ["x1 --------", *(architecture(each.space, each.genotype) for each in found)]
    for number, row in enumerate(rows):
        row |= keeps(row, settings.tolerance)
        row |= {"keeps_map": row["keeps_quality"], "map": row.pop("quality")}
        row |= {f"map_{end}": row.pop(f"quality_{end}") for end in ("low", "high")}
        row["architecture"] = described[number] if number < len(described) else "-"
    of = {row["model"]: row["latency_reduction_pct"] / 100 for row in rows}
    rows[3]["independent_reduction_pct"] = 100 * independent(of["V1"], of["V2"])
    return rows


def independent(one: float, other: float) -> float:
    """What two savings, as shares, would come to together if neither changed the other's."""
    return 1 - (1 - one) * (1 - other)


def _table_columns(latency_ms: float, optimum_ms: float) -> Row:
    return {"accumulated_latency_ms": latency_ms, "table_optimum_latency_ms": optimum_ms}


def architecture(space: SearchSpace, genotype: tuple[int, ...]) -> str:
    """Such as "x0.75 -F3F6---": width multiplier, then each block: "-" kept, "F3" fused with expansion 3."""
    chosen = space.describe(genotype) | {each.name: each.choices[0] for each in space.fixed if "block" not in each.name}
    kinds = [str(choice) for name, choice in chosen.items() if name.startswith("block")]
    fused = "".join("F" + kind.rpartition("_")[2] if kind.startswith("fused") else "-" for kind in kinds)
    return f"x{chosen.get(MULTIPLIER, 1.0):g} {fused or '-' * 8}"
