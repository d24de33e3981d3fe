"""README.md is short and shows what the committed results and the command line really say."""

import re
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.markdown import listed
from benchmarks.report.readme import BLOCKS, DETECTION_ACCELERATOR, fill

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()


def test_the_readme_is_what_the_generator_makes():
    assert fill(README, ROOT) == README, "run: accelnas reproduce --pages"
    assert set(re.findall(r"<!-- (.+?) -->", README)) - {"end"} == set(BLOCKS)


def test_the_readme_has_at_most_150_lines():
    assert len(README.splitlines()) <= 150


def test_a_block_that_nothing_makes_is_named():
    with pytest.raises(BenchmarkInputError, match="unknown block 'nothing'; allowed: first answer, detection"):
        fill("<!-- nothing -->\n<!-- end -->\n", ROOT)


def test_the_first_table_has_four_rows_with_the_articles_figures_beside():
    block = README.split("<!-- detection -->\n")[1].split("<!-- end -->")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines() if line[:1] == "|"]
    assert [row[0] for row in rows[2:]] == ["Baseline", "V1", "V2", "V3"]
    assert [row[5] for row in rows[2:]] == ["-", "14%", "35%", "53%"]  # the article's own table
    table = pd.read_csv(ROOT / "results/detection/detection.csv")
    here = table[(table["accelerator"] == DETECTION_ACCELERATOR) & table["model"].isin([row[0] for row in rows[2:]])]
    assert [float(row[3]) for row in rows[2:]] == pytest.approx(here["latency_ms"].tolist(), abs=6e-4)
    losses = [float(row[8]) for row in rows[3:]]
    assert losses == pytest.approx(here["quality_difference"].tolist()[1:], abs=6e-4)
    assert [row[9] for row in rows[2:]] == ["yes" if keeps else "no" for keeps in here["keeps_map"]]


def test_the_readme_says_how_many_seeds_live_trainings_have():
    words = {1: "one", 3: "three", 5: "five"}
    files = ("detection", "classification", "segmentation", "iso_latency", "transfer", "baselines")
    counts = set().union(*(pd.read_csv(ROOT / f"results/{name}/{name}.csv")["seeds"] for name in files))
    told = listed(words[count] for count in sorted(counts - {0})).replace(" and ", " or ")
    assert f"over {told} live trainings" in README
