"""Frames made up for the rules that judge the article's claims, and the verdicts by them."""

from __future__ import annotations

import pandas as pd

from benchmarks.experiments.claims.figures import Results
from benchmarks.experiments.claims.rules import verdict
from benchmarks.experiments.claims.run import CLAIMS


def write(folder, name, rows):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(folder / name, index=False)
    return Results(folder)


def saving(model, accelerator, saved, keeps, surely, seeds=5):
    difference = 0.0 if keeps else -0.05
    return {
        **{"model": model, "accelerator": accelerator, "latency_reduction_pct": saved},
        **{"keeps_quality": keeps, "surely_keeps": surely, "seeds": seeds},
        **{"quality_difference": difference, "quality_difference_low": difference - (0.0 if surely else 0.05)},
    }


def judged(claim_begins, results, named):
    """The verdict of the one claim whose name begins so, by made-up frames."""
    (claim,) = [each for each in CLAIMS if each.name.startswith(claim_begins)]
    assert claim.why
    assert claim.files.split() == named
    mark = claim.article if claim.rule == "reach" else claim.begins
    return verdict(claim.rule, mark, claim.source(results), 0.9)
