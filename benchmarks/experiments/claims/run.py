"""Every claim of the article beside what was found here, with a verdict that a rule gives from the CSVs.

Writes results/claims/claims.csv, a row for each claim; run: accelnas reproduce claims, after the experiments that it
reads.  Rules are in rules.py; nothing is trained, searched or compiled.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.claims import curation, expert, impact, introduction
from benchmarks.experiments.claims.figures import Results
from benchmarks.experiments.claims.rules import verdict
from benchmarks.experiments.claims.settings import Settings
from benchmarks.store.files import write_table
from benchmarks.tables.files import SHIPPED

__all__ = ["Settings", "run"]

CLAIMS = (*introduction.CLAIMS, *curation.CLAIMS, *expert.CLAIMS, *impact.CLAIMS)
"""In the order of the table."""


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Read, compare, print and write; the CSVs are the shipped ones.

    Raises BenchmarkInputError where they are not there, as in a package that was installed without its clone.
    """
    if not (first := SHIPPED / "detection" / "detection.csv").exists():
        raise BenchmarkInputError(f"no {first}, to read; allowed: a clone's accelnas")
    table = claims_table(Results(SHIPPED), settings)
    write_table(folder / "claims.csv", table)
    shown = table[["claim", "article", "ours", "low", "high", "n", "verdict"]]
    print(shown.round(4).to_string(index=False))
    print("; ".join(f"{count} {name}" for name, count in table["verdict"].value_counts().items()))


def claims_table(results: Results, settings: Settings) -> pd.DataFrame:
    """A row for each claim."""
    rows = []
    for claim in CLAIMS:
        figure = claim.source(results)
        mark = claim.article if claim.rule == "reach" else claim.begins
        found, reason = verdict(claim.rule, mark, figure, settings.near)
        rows.append(
            {
                "claim": claim.name,
                "article": claim.article,
                "ours": figure.ours,
                "low": figure.low,
                "high": figure.high,
                "n": figure.n,
                "verdict": found,
                "reason": reason,
                "rule": claim.rule,
                "begins": claim.begins,
                "why": claim.why,
                "measured": figure.measured,
                "basis": figure.basis,
                "place": claim.place,
                "files": claim.files,
            }
        )
    return pd.DataFrame(rows)
