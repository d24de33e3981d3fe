"""`accelnas curate-compare` with a space of one's own over a task's skeleton."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.experiments.curation import own, searches
from tests.cli import accelnas, refused

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.slow
def test_a_space_of_ones_own_is_a_row_beside_the_curated_one(tmp_path, monkeypatch):
    monkeypatch.setattr(own.Cell, "best_known", lambda cell: 0.1)  # which takes twelve thousand evaluations
    monkeypatch.setattr(searches, "TOGETHER", 5)
    what = (EXAMPLES / "my_channels.py", "--accelerator", "npu-p16", "--against", "curated", "--evaluations", 8)
    code, printed, errors = accelnas("curate-compare", *what, "--searches", 5, "--results", tmp_path)
    assert code == 0, errors
    (folder,) = tmp_path.glob("curate-compare-detection-multiples-of-12-npu-p16-????????")
    table = pd.read_csv(folder / "curation.csv")
    assert table["space"].tolist() == ["multiples-of-12", "curated"]
    assert table["quality"].between(0, 1).all()
    assert table["regret"].min() >= 0
    assert table["best_known_quality"].nunique() == 1
    assert "multiples-of-12 against curated: " in " ".join(printed.split())
    assert str(folder.name) in " ".join(printed.split())


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((EXAMPLES / "my_space.py",), "has a layer 'body' that the task's skeleton has not; allowed: spaces over that"),
        (("curated",), "space curated is named 'curated', as one of --against; allowed: another name, or others there"),
        ((EXAMPLES / "my_channels.py", "--against", "luck"), "unknown kind of space 'luck'; allowed: curated, auto"),
        ((EXAMPLES / "my_channels.py", "--searches", "1"), "searches is 1; allowed: 2 to"),
        ((EXAMPLES / "my_channels.py", "--strategy", "magic"), "unknown strategy 'magic'; allowed: random"),
        ((EXAMPLES / "my_channels.py", "--strategy", "nsga2"), "nsga2 takes 2 objectives; allowed: a strategy that"),
        ((EXAMPLES / "my_channels.py", "--accelerator", "tpu"), "unknown accelerator 'tpu'; allowed: ethos-u55-32"),
        (("V9",), "unknown space 'V9' for detection; allowed: curated"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(tmp_path, arguments, line):
    assert line in refused("curate-compare", *arguments, "--results", tmp_path / "results")
    assert not (tmp_path / "results").exists()
