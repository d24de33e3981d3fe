"""Energy of searching and of inference, every factor shown."""

from __future__ import annotations

from pathlib import Path

from benchmarks.markdown import Row, rounded, rows, span, table
from benchmarks.statistics.medians import median_by_task

HEADER = ("quantity", "value", "unit", "kind", "how")


def page(folder: Path) -> str:
    """The page's Markdown."""
    found = rows(folder / "sustainability.csv")
    ours = _value(found, "difference of all users")
    costs = rows(folder.parent / "timings" / "training_cost.csv")
    took = list(median_by_task(costs, lambda row: row["cpu_s"] + row["compile_s"]).values())
    return f"""\
What each figure is stands in the column "kind": counted, modelled, assumed, published or the article's.  No meter was
at hand: seconds of trainings are their FLOPs at the rate of the tables' own trainings, and energy is that times a
stated power, or arithmetic and traffic times published energies of each.  The virtual machines that trained show no
counter of the processor's energy (RAPL, in `/sys/class/powercap`), and the accelerator's board power (NVML) was not
logged.  Where one of them can be read, codecarbon measures what processors, memory and GPUs draw, with an
`EmissionsTracker` around a search; elsewhere it takes a stated power too.

## Searching

{_table(found, "search")}
The networks and data of the article are a product's, and its GPU-days cannot be held against ours, whose trainings take
a core {span(took, 0)} seconds (medians of the tasks).  What can be compared is one family with another, above, but for
single-shot, whose row says what it is of.

## An inference

{_table(found, "inference")}
## The article's million users, with our figures

{_table(found, "a million users")}
Our difference is {rounded(ours)} kWh a year where the article has millions: by these factors it would take
{rounded(_value(found, "what that is an inference"))} mJ an inference to make one million, and a detector of this size
needs some {rounded(_value(found, "detection on a CPU, baseline"))} mJ even on a CPU.  A product's networks are larger,
a CPU with its memory and its idle power takes more than arithmetic does, and the article does not say what it counted;
so its figure is neither borne out here nor contradicted.
"""


def _value(found: list[Row], quantity: str) -> float:
    return next(row["value"] for row in found if row["quantity"] == quantity)


def _table(found: list[Row], part: str) -> str:
    lines = [
        [row["quantity"], rounded(row["value"]), _text(row["unit"]), row["kind"], _text(row["how"])]
        for row in found
        if row["part"] == part
    ]
    return table(HEADER, lines)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
