"""How well a short training ranks what a longer one ranks."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report.markdown import interval, listed, rows, span, table


def page(folder: Path) -> str:
    """The page's Markdown."""
    found, earlier = rows(folder / "fidelity.csv"), rows(folder / "fidelity_fewer.csv")
    header = ("task", "n", "Kendall tau (95% interval)", "top five shared", "std of architectures", "of seeds", "ratio")
    lines = [
        [
            row["task"],
            str(row["n"]),
            interval(row, "kendall_tau", "tau_low", "tau_high", digits=2),
            f"{row['top5_overlap'] * 5:.0f} of 5 ({row['top5_low'] * 5:.0f} to {row['top5_high'] * 5:.0f})",
            f"{row['architecture_std']:.4f}",
            f"{row['seed_std']:.4f}",
            f"{row['spread_to_noise']:.1f}",
        ]
        for row in found
    ]
    detection = next(row for row in found if row["task"] == "detection")
    sizes = listed(
        f"{row['n']} had {interval(row, 'kendall_tau', 'tau_low', 'tau_high', digits=2)}"
        for row in [*earlier, detection]
    )
    least_shared = min(row["top5_low"] * 5 for row in found)
    return f"""\
A search trains each candidate for seconds.  How well that ranks them, by architectures of each task spread over its
curated space, trained briefly and {found[0]["spend_ratio"]:g} times as long:

{table(header, lines)}
![quality after a short training against quality after a long one](../../results/fidelity/fidelity.png)

A short training tells good networks from bad ones: architectures differ by
{span((row["spread_to_noise"] for row in found), 1)} times what seeds do.  It does not tell which of the best is best:
of the five best of both, as few as {least_shared:.0f} may be shared.

Detection was measured {len(earlier) + 1} times with a growing number of architectures, the last of which are all that
other experiments train: {sizes}.  The number was not
fixed beforehand, so read the interval and not on which side of any line the estimate lies
([the earlier rows](../../results/fidelity/fidelity_fewer.csv); `accelnas reproduce fidelity --set task=detection --set
architectures=24` and `47` give them from the stored trainings).

[Every training](../../results/fidelity/fidelity_trials.csv).

{_recipes(folder / "recipes.csv")}"""


def _recipes(file: Path) -> str:
    """What the tables' two recipes agree in, once it is known."""
    if not file.exists():
        return ""
    header = ("task", "networks", "Kendall tau (95% interval)", "best tenth shared", "mean by search", "by final")
    lines = [
        [
            row["task"],
            str(row["n"]),
            interval(row, "kendall_tau", "tau_low", "tau_high", digits=2),
            interval(row, "best_tenth_overlap", "best_tenth_low", "best_tenth_high", digits=2),
            f"{row['low_quality']:.3f}",
            f"{row['high_quality']:.3f}",
        ]
        for row in rows(file)
    ]
    return f"""\
## The recipes of the tables

Networks of the second version of the spaces, drawn before any was trained, by the recipe that the tables are trained
with (search) and by one of eight times the passes (final):

{table(header, lines)}"""
