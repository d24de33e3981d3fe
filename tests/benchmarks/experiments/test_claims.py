"""Verdicts come from rules alone, rules are as by hand, and the shipped table is what the shipped CSVs give."""

import ast
import math
import re
import typing
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.experiments.claims.claim import UNSAID, Claim
from benchmarks.experiments.claims.figures import TOLERANCE, Results, over, over_tasks
from benchmarks.experiments.claims.rules import Figure, Verdict, verdict
from benchmarks.experiments.claims.run import CLAIMS, claims_table
from benchmarks.experiments.claims.settings import Settings
from benchmarks.experiments.detection import settings as detection
from benchmarks.experiments.segmentation import settings as segmentation

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


def test_what_something_is_lacking_for_is_not_comparable_and_the_note_is_read_in_any_case():
    found, reason = verdict("reach", 50, Figure(50, 45, 60, lacking="V9 has no trainings", note="predicted 40"), 0.9)
    assert (found, reason) == ("not comparable", "V9 has no trainings; predicted 40")
    found, reason = verdict("above", 0, Figure(1, 0.5, 2, note="in 3 of 3 cells"), 0.9)
    assert (found, reason) == ("reproduced", "the whole interval, 0.5 to 2, is above 0; in 3 of 3 cells")


def test_more_tasks_of_the_same_kind_narrow_the_interval_more_cells_of_a_task_do_not_and_none_counts_by_its_scale():
    tasks = [("a", 1.0), ("b", 2.0), ("c", 3.0)]
    few = over_tasks(tasks, "", "")
    assert over_tasks(tasks * 4, "", "")[:4] == few[:4]
    many = over_tasks([(f"{task}{at}", value) for at in range(4) for task, value in tasks], "", "")
    half = 4.302653 / math.sqrt(3)  # Student's t of two degrees of freedom, standard deviation 1
    assert few[:4] == (2.0, pytest.approx(2 - half), pytest.approx(2 + half), 3)
    assert few.low < 0 < many.low < many.high < few.high
    assert few.note == "above 0 in 3 of 3 cells"
    ratios = over_tasks(enumerate([0.5, 2.0, 1000.0, 0.001]), "", "", ratios=True)
    assert ratios.ours == pytest.approx(1.0)
    assert ratios.note == "above 1 in 2 of 4 cells"


def test_no_verdict_is_typed_anywhere_but_in_the_rules():
    verdicts = set(typing.get_args(Verdict))
    typed = {
        path.name: words
        for path in FOLDER.glob("*.py")
        if (words := verdicts & {n.value for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Constant)})
    }
    assert set(typed) == {"rules.py"}
    assert "verdict" not in Claim._fields


def test_a_claim_has_a_size_of_the_articles_or_a_direction_that_begins_somewhere_or_is_not_comparable():
    for claim in CLAIMS:
        if claim.rule == "reach":
            assert math.isnan(claim.begins), claim.name
        else:
            assert math.isnan(claim.article), claim.name


def test_quality_counts_as_equal_within_what_the_tables_have():
    assert {detection.Settings().tolerance, segmentation.Settings().tolerance} == {TOLERANCE}


def test_a_mean_leaves_out_what_is_not_a_number():
    assert over([1.0, math.nan, 3.0], "", "")[:4] == (2.0, 1.0, 3.0, 2)


def test_the_shipped_table_is_what_the_shipped_csvs_give():
    shipped = pd.read_csv(ROOT / "results/claims/claims.csv")
    made = claims_table(Results(ROOT / "results"), Settings())
    assert shipped["verdict"].tolist() == made["verdict"].tolist()
    assert shipped["ours"].tolist() == pytest.approx(made["ours"].tolist(), rel=1e-4, nan_ok=True)
    assert shipped["reason"].tolist() == made["reason"].tolist()
    assert len(shipped) >= 20


def test_whatever_has_a_figure_says_what_n_counts():
    made = claims_table(Results(ROOT / "results"), Settings())
    found = made[made["n"] > 0]
    assert len(found) > 20
    for name, measured in zip(found["claim"], found["measured"], strict=True):
        assert re.search(r"; n counts [a-z ]+$", measured), name


def test_what_is_held_to_the_baselines_quality_says_where_the_article_does_not_ask_for_that():
    made = claims_table(Results(ROOT / "results"), Settings())
    held = made[made["measured"].str.contains("at equal quality")]
    assert len(held) >= 10
    for name, place, why in zip(held["claim"], held["place"], held["why"], strict=True):
        assert (UNSAID in why) == ("impact 1:" not in place), name


def test_every_claim_has_its_place_in_the_article_and_files_that_are_there():
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)
    for claim in CLAIMS:
        assert ":" in claim.place
        names = claim.files.split()
        assert all((ROOT / "results" / name).exists() for name in names), claim.name
