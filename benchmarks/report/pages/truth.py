"""The best networks of each space by the trained tables."""

from __future__ import annotations

from pathlib import Path

from benchmarks.markdown import Row, rows, table

HEADER = ("task", "space", "genotypes", "accelerator", "baseline: ms, quality", "best quality within its ms")
HEADER += ("least ms at its quality", "networks of the front")


def page(folder: Path) -> str:
    """The page's Markdown."""
    found = rows(folder / "truth.csv")
    searched = next(row["how"] for row in found if row["how"].startswith("best")).partition(" in ")[0]
    return f"""\
Quality is what the task's surrogate expects of a network trained by the recipe of the tables, latency what the
estimator says; the baseline's are by the same.  Spaces with a size in full are enumerated, and their rows are exact for
this surrogate; of the others the row is the {searched}, there or in a smaller space that they hold, which
a better search may surpass:

{table(HEADER, map(_row, found))}
These are predictions, and the best of many predictions flatters.
See [how poorly the surrogates rank the best networks](surrogate.md) before relying on these rows.
Genotypes of the best, and how each was found, are in [truth.csv](../../results/truth/truth.csv), all networks of
the fronts of enumerated spaces in [truth_fronts.csv](../../results/truth/truth_fronts.csv).
"""


def _row(row: Row) -> list[str]:
    exact = row["how"] == "enumerated"
    return [
        row["task"],
        row["space"],
        f"{10 ** row['log10_size']:,.0f}"
        if exact
        else f"{10 ** (row['log10_size'] % 1):.1f}e{row['log10_size'] // 1:.0f}",
        row["accelerator"],
        f"{row['latency_bound_ms']:.3f}, {row['baseline_quality']:.3f}",
        f"{row['best_quality']:.3f}",
        f"{row['least_latency_ms']:.3f}",
        str(row["front"]),
    ]
