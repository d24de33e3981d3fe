"""What searches and inferences cost in energy (the article's "Making edge AI sustainable"), every factor shown.

Writes results/sustainability/sustainability.csv, a row for each figure with what it is: counted, modelled, assumed,
published or the article's; run: accelnas reproduce sustainability, after head_to_head and the article's tables.
Nothing here was measured with a meter.  Search: head_to_head_ledger.csv's means over tasks at 300 trainings, beside the
article's 2,000 GPU-days; single-shot, which is not in that contest, by the FLOPs in single_shot.csv.  Inference: energy
of arithmetic and of traffic by published figures (hw_model/cost.py), of the baseline and of a network that a search
made of it; on a CPU the same traffic, and an instruction's energy shared by the MACs that it does.  Users: the
article's million, by the stated factors.
"""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd

from benchmarks.experiments.sustainability.settings import Settings
from benchmarks.markdown import listed
from benchmarks.store.files import read_own_csv, write_table
from benchmarks.store.made import recorded
from benchmarks.tables.files import SHIPPED
from hw_model.cost import PICOJOULES_PER_MAC

__all__ = ["Settings", "run"]

SINGLE_SHOT = "single_shot/single_shot.csv"
BUDGET = 300
MODELS = {"detection": "V3", "segmentation": "Model E", "classification": "NAS"}
"""The row of each task's table that stands for what a search makes of it."""
MILLIJOULES_PER_KWH = 3.6e9
COLUMNS = ("part", "quantity", "value", "unit", "kind", "how")

Line = tuple[str, str, float, str, str, str]


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Read, compute, print and write."""
    ledger = read_own_csv(SHIPPED / "head_to_head" / "head_to_head_ledger.csv")
    made = recorded(SHIPPED).get(SINGLE_SHOT)
    version = ", first version of the spaces" if made is not None and made.first_version else ""
    lines = [*search_lines(ledger), *single_shot_lines(ledger, read_own_csv(SHIPPED / SINGLE_SHOT), version)]
    saved: dict[str, tuple[float, float]] = {}
    for task, model in MODELS.items():
        own, energies = inference_lines(read_own_csv(SHIPPED / task / f"{task}.csv"), task, model, settings)
        lines += own
        saved[task] = energies
    lines += user_lines(*saved["detection"], settings)
    table = pd.DataFrame(lines, columns=pd.Index(COLUMNS))
    write_table(folder / "sustainability.csv", table)
    print(table.drop(columns=["how"]).to_string(index=False))


def search_lines(ledger: pd.DataFrame) -> list[Line]:
    """Hours of an accelerator, energy and CO2 of one search by family, mean over tasks; and the article's."""
    rows = [{str(key): value for key, value in row.items()} for row in ledger.to_dict("records")]
    article = next(row for row in rows if row["task"] == "the article's")
    found: list[Line] = [
        (
            "search",
            "the article's, multi-shot with full training",
            2_000.0,
            "GPU-days",
            "the article's",
            "what it says that this can take at most",
        ),
        ("search", "the article's", article["kwh"], "kWh", "assumed", article["machine"]),
    ]
    own = _on_accelerator(rows)
    for family in dict.fromkeys(row["family"] for row in own):
        part = [row for row in own if row["family"] == family]
        how = f"mean of {len(part)} tasks, {BUDGET} trainings at most: training FLOPs at the tables' own rate"
        found.append(("search", family, fmean(row["seconds"] for row in part) / 86_400, "GPU-days", "modelled", how))
        found.append(
            ("search", family, fmean(row["kwh"] for row in part), "kWh", "modelled", "at 700 W, the board's most")
        )
    return found


def single_shot_lines(ledger: pd.DataFrame, supernets: pd.DataFrame, version: str) -> list[Line]:
    """The family that the contest lacks, mean over tasks of what a search was charged, at the rate of `search_lines`.

    supernets: single_shot.csv; version: what is to be said of its networks.
    """
    rows = [{str(key): value for key, value in row.items()} for row in ledger.to_dict("records")]
    rates = {row["task"]: row for row in _on_accelerator(rows) if row["train_flops"] > 0}
    spent: dict[str, list[float]] = {}
    for task, flops in zip(supernets["task"], supernets["supernet_flops"], strict=True):
        spent.setdefault(task, []).append(flops)
    each = {task: fmean(values) / rates[task]["train_flops"] for task, values in spent.items()}
    gpu_days = fmean(share * rates[task]["seconds"] / 86_400 for task, share in each.items())
    kwh = fmean(share * rates[task]["kwh"] for task, share in each.items())
    how = (
        f"{len(supernets)} supernets of {listed(spent)}{version}, {fmean(supernets['supernet_example_passes']):,.0f} "
        "example passes each: FLOPs as above, though no supernet was trained there"
    )
    return [
        ("search", "single-shot", gpu_days, "GPU-days", "modelled", how),
        ("search", "single-shot", kwh, "kWh", "modelled", "at 700 W, the board's most"),
    ]


def _on_accelerator(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["budget"] == BUDGET and "NVIDIA" in row["machine"]]


def inference_lines(
    table: pd.DataFrame, task: str, model: str, settings: Settings
) -> tuple[list[Line], tuple[float, float]]:
    """Energy of an inference on each accelerator and on a CPU; of the baseline the mean of the accelerators, and on a
    CPU, in mJ: what the hardware alone makes different.
    """
    rows = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
    per_mac = settings.instruction_pj / settings.macs_per_instruction
    found, ours, cpu = list[Line](), list[float](), list[float]()
    how = "arithmetic and traffic by published energies of each (45 nm)"
    for row in rows:
        if row["model"] not in ("Baseline", model):
            continue
        name = f"{task}, {row['model']}, {row['accelerator']}"
        found.append(("inference", name, row["energy_mj"], "mJ", "modelled", how))
        if row["model"] == "Baseline":
            ours.append(row["energy_mj"])
            cpu.append(row["energy_mj"] + row["macs"] * per_mac * 1e-9)
    source = f"the accelerators' traffic, {PICOJOULES_PER_MAC:g} pJ a MAC and {per_mac:.3g} pJ of instruction a MAC"
    found.append(("inference", f"{task}, Baseline, a CPU", fmean(cpu), "mJ", "modelled", source))
    return found, (fmean(ours), fmean(cpu))


def user_lines(accelerator_mj: float, cpu_mj: float, settings: Settings) -> list[Line]:
    """The article's million users: every factor, and what they come to."""
    inferences = settings.inferences_per_s * 3_600 * settings.hours_per_day * 365
    kwh = (cpu_mj - accelerator_mj) * inferences * settings.users / MILLIJOULES_PER_KWH
    article_mj = 1e6 * MILLIJOULES_PER_KWH / (inferences * settings.users)
    part = "a million users"
    return [
        (part, "users", settings.users, "", "the article's", "For a million average users"),
        (part, "inferences a second", settings.inferences_per_s, "1/s", "assumed", "a device that watches for people"),
        (part, "hours a day", settings.hours_per_day, "h", "assumed", ""),
        (part, "inferences of a user", inferences, "1/year", "counted", "the two above"),
        (part, "detection on a CPU, baseline", cpu_mj, "mJ", "modelled", "as above"),
        (part, "detection on an NPU, baseline", accelerator_mj, "mJ", "modelled", "mean of three accelerators"),
        (part, "difference of all users", kwh, "kWh/year", "modelled", "difference x inferences x users"),
        (part, "the article's difference", 1e6, "kWh/year", "the article's", "on order of millions"),
        (
            part,
            "what that is an inference",
            article_mj,
            "mJ",
            "counted",
            "the article's kWh over our inferences and users",
        ),
        (part, "energy of a household", settings.household_kwh, "kWh/year", "published", "EIA, US average"),
        (part, "ours in households", kwh / settings.household_kwh, "", "modelled", "the article: a hundred"),
        (part, "CO2 of a kWh", settings.kg_co2_per_kwh, "kg", "assumed", "a grid such as the EU's or the US's"),
        (part, "CO2 of a car", settings.car_kg_co2, "kg/year", "published", "EPA, typical passenger vehicle"),
        (part, "ours in cars", kwh * settings.kg_co2_per_kwh / settings.car_kg_co2, "", "modelled", "the article: 200"),
    ]
