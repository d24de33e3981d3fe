"""How close the estimator is to the compiler, on networks that no part of its fitting has seen."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report.markdown import rows, table

HEADER = ("accelerator", "within 10%", "Kendall tau", "mean error", "peak SRAM within 10%")
HEADER += ("sum of blocks: within 10%", "its Kendall tau", "its mean error")


def page(folder: Path) -> str:
    """The page's Markdown."""
    found = {(row["accelerator"], row["method"], row["set"]): row for row in rows(folder / "estimator.csv")}
    names = [name for name, method, of in found if (method, of) == ("estimator", "all") and "sram-only" not in name]
    lines = []
    for name in names:
        ours, singles = (found[name, method, "all"] for method in ("estimator", "singles"))
        lines.append(
            [
                name,
                f"{ours['within_10pct']:.1f}",
                f"{ours['kendall_tau']:.3f}",
                f"{ours['mape_pct']:.2f}",
                f"{ours['peak_activation_within_10pct']:.1f}",
                f"{singles['within_10pct']:.1f}",
                f"{singles['kendall_tau']:.3f}",
                f"{singles['mape_pct']:.1f}",
            ]
        )
    examples = [row for (name, method, _), row in found.items() if name in names and method == "estimator"]
    worst = max((row for row in examples if row["n"] == 1), key=lambda row: row["mape_pct"])
    return f"""\
The estimator behind `accelnas cost`, in JAX, on {found[names[0], "estimator", "all"]["n"]} networks for each
accelerator that no part of its fitting has seen, against the whole network compiled
([all figures](../../results/estimator/estimator.csv), the all-SRAM modes and the other methods too):

{table(HEADER, lines)}
Figures are in per cent; "sum of blocks" adds up separately compiled blocks, the usual way.

![predicted against compiled](../../results/estimator/estimator_scatter.png)
![error by accelerator](../../results/estimator/estimator_error.png)

The test networks come from the generator that the fit's networks come from.  Networks unlike those fare worse: of the
four published examples the worst in the default modes is {worst["mape_pct"]:.1f}% off ({worst["set"]} on
{worst["accelerator"]}).  The error bar that is printed beside an estimate (two standard deviations) covers such
networks less often than it should, and peak SRAM on ethos-u65-256 is further off on ordinary mobile networks than the
table says.

How one layer's channels move the latency of a chain, compiled:

![channel sweep](../../results/estimator/channel_sweep.png)
"""
