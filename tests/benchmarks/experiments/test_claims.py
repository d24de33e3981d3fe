"""Verdicts come from rules alone, rules are as by hand, and the shipped table is what the shipped CSVs give."""

import ast
import math
import typing
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.experiments.claims.claims import CLAIMS, Claim
from benchmarks.experiments.claims.figures import Results, over, reductions
from benchmarks.experiments.claims.rules import Figure, Verdict, verdict
from benchmarks.experiments.claims.run import claims_table
from benchmarks.experiments.claims.settings import Settings

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "benchmarks/experiments/claims"


@pytest.mark.parametrize(
    ("rule", "article", "figure", "wanted"),
    [
        ("reach", 50, Figure(50, 45, 60), "reproduced"),
        ("reach", 50, Figure(50, 44, 60), "partly"),
        ("reach", 50, Figure(46, 0, 60), "partly"),
        ("reach", 50, Figure(44, 1, 60), "partly"),
        ("reach", 50, Figure(44, 0, 60), "not reproduced"),
        ("above", 0, Figure(1, 0.5, 2), "reproduced"),
        ("above", 0, Figure(1, -0.5, 2), "partly"),
        ("above", 0, Figure(-1, -2, 2), "not reproduced"),
        ("below", 1, Figure(0.5, 0.2, 0.9), "reproduced"),
        ("below", 1, Figure(0.5, 0.2, 1.1), "partly"),
        ("below", 1, Figure(1.5, 0.2, 2), "not reproduced"),
        ("below", 1, Figure(0.5, math.nan, math.nan), "partly"),
        ("reach", 50, Figure(), "not comparable"),
        ("reach", math.nan, Figure(1, 1, 1), "not comparable"),
    ],
)
def test_rules_judge_as_by_hand(rule, article, figure, wanted):
    assert verdict(rule, article, figure, 0.9)[0] == wanted


def test_a_reason_has_the_figures():
    _, reason = verdict("reach", 50, Figure(46, 0, 60), 0.9)
    assert reason == "ours 46 reaches 0.9 of the article's 50, its lower end 0 does not"


def test_no_verdict_is_typed_anywhere_but_in_the_rules():
    verdicts = set(typing.get_args(Verdict))
    typed = {
        path.name: words
        for path in FOLDER.glob("*.py")
        if (words := verdicts & {n.value for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Constant)})
    }
    assert set(typed) == {"rules.py"}
    assert "verdict" not in Claim._fields


def test_what_is_not_sure_to_keep_the_quality_is_counted_as_nothing_at_the_lower_end(tmp_path):
    (tmp_path / "a").mkdir()
    table = pd.DataFrame(
        {
            "model": ["V1", "V1", "V1"],
            "latency_reduction_pct": [30.0, 20.0, 90.0],
            "keeps_quality": [True, True, False],
            "surely_keeps": [True, False, False],
            "seeds": [5, 5, 0],
        }
    )
    table.to_csv(tmp_path / "a/a.csv", index=False)
    figure = reductions("a/a.csv", ("V1",))(Results(tmp_path))
    assert figure[:4] == (pytest.approx(50 / 3), 0.0, 30.0, 3)
    assert figure.basis == "compiled, predicted"
    assert reductions("a/a.csv", ("V1",), most=True)(Results(tmp_path))[:3] == (30.0, 30.0, 30.0)
    assert math.isnan(reductions("a/b.csv", ("V1",))(Results(tmp_path)).ours)


def test_a_mean_leaves_out_what_is_not_a_number():
    assert over([1.0, math.nan, 3.0], "", "")[:4] == (2.0, 1.0, 3.0, 2)


def test_the_shipped_table_is_what_the_shipped_csvs_give():
    shipped = pd.read_csv(ROOT / "results/claims/claims.csv")
    made = claims_table(Results(ROOT / "results"), Settings())
    assert shipped["verdict"].tolist() == made["verdict"].tolist()
    assert shipped["ours"].tolist() == pytest.approx(made["ours"].tolist(), rel=1e-4, nan_ok=True)
    assert shipped["reason"].tolist() == made["reason"].tolist()
    assert len(shipped) >= 20


def test_every_claim_has_its_place_in_the_article_and_files_that_are_there():
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)
    for claim in CLAIMS:
        assert ":" in claim.place
        names = claim.files.split()
        assert not names or any((ROOT / "results" / name).exists() for name in names), claim.name
