"""What stands behind the data sets that this package writes, as tables for its card (docs/reference/data.md)."""

from tasks.data.own_datasets import OWN_DATASETS
from tasks.data.photographs import PHOTOGRAPHS
from tasks.data.settings import SPLITS


def data_card() -> str:
    """Two Markdown tables: sizes and classes of each data set, and the photographs behind each split."""
    rows = [["data set", "images", "classes", *(f"`{split}` (smoke, quick, full)" for split in SPLITS)]]
    for name, store in OWN_DATASETS.items():
        sizes = [store.counts[config] for config in ("smoke", "quick", "full") if config in store.counts]
        counts = [", ".join(f"{size.of(split):,}" for size in sizes) for split in SPLITS]
        shape = f"{store.side_pixels} x {store.side_pixels}, {'grey' if store.channels == 1 else 'colour'}"
        rows.append([f"`{name}`", shape, str(len(store.class_names)), *counts])
    photographs = [["split", "photographs", "which"]]
    for split in SPLITS:
        names = ", ".join(name.split(".")[0].split("_by_")[0] for name in PHOTOGRAPHS[split])
        photographs.append([f"`{split}`", str(len(PHOTOGRAPHS[split])), names])
    return f"{_table(rows)}\n\n{_table(photographs)}"


def _table(rows: list[list[str]]) -> str:
    head, *body = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([head, "|" + "---|" * len(rows[0]), *body])
