"""`accelnas reproduce` as a user runs it to its end: what is cheap, and the main job but for its trainings."""

import json

import pandas as pd
import pytest

from benchmarks.experiments.registry import EXPERIMENTS
from benchmarks.experiments.spaces import run as spaces
from benchmarks.tables.files import SHIPPED
from benchmarks.verification import again
from benchmarks.verification.again import Trained, compare
from tests.cli import accelnas

CURSE = "optimisers_curse"


def reproduced(tmp_path, *arguments):
    """The folder that it says it wrote to, having ended well."""
    code, printed, errors = accelnas(
        "reproduce", *arguments, "--home", tmp_path / "home", "--results", tmp_path / "results"
    )
    assert (code, errors) == (0, ""), errors
    (written,) = (line for line in printed.splitlines() if line.startswith("Written to "))
    return tmp_path / "results" / written.removeprefix(f"Written to {tmp_path / 'results'}/")


def test_experiments_are_listed_by_their_whole_names_and_with_their_settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    code, printed, _ = accelnas("reproduce", "--list")
    assert code == 0
    assert all(f" {name} " in printed for name in EXPERIMENTS)
    assert "…" not in printed
    code, printed, _ = accelnas("reproduce", "--list", "detection", "--set", "searches=7")
    assert code == 0
    assert printed.startswith(f"detection: {EXPERIMENTS['detection'].shows}\n")
    assert "  searches=7\n" in printed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["recipes", CURSE])
def test_tables_that_follow_from_what_is_shipped_are_made_again_as_they_are(name, tmp_path):
    folder, experiment = reproduced(tmp_path, name), EXPERIMENTS[name]
    for file in experiment.files:
        assert compare(SHIPPED / experiment.shelf / file, folder / file).first == ""
    assert set(json.loads((folder / "settings.json").read_text())) == {name}


def test_spaces_of_one_accelerator_go_to_a_folder_of_their_own_with_the_shipped_figures(tmp_path, monkeypatch):
    monkeypatch.setattr(spaces, "TASKS", ("classification",))
    folder = reproduced(tmp_path, "spaces", "--set", "accelerators=npu-p16")
    assert folder.name == "spaces-accelerators=npu-p16"
    made, shipped = (pd.read_csv(each / "spaces.csv") for each in (folder, SHIPPED / "spaces"))
    shipped = shipped[(shipped["task"] == "classification") & shipped["accelerator"].isin(["any", "npu-p16"])]
    own = [name for name in made.columns if name != "seconds"]
    pd.testing.assert_frame_equal(made[own], shipped[own].reset_index(drop=True))


def test_a_control_is_measured_on_data_that_are_prepared_for_it(tmp_path, photographs_file):
    folder = reproduced(tmp_path, "controls", "--set", "data=tiny", "--set", "task=segmentation")
    (row,) = pd.read_csv(folder / "controls.csv").to_dict("records")
    assert (row["task"], row["control"]) == ("segmentation", "constant")
    assert 0.01 < row["quality_low"] <= row["quality"] <= row["quality_high"] < 0.5


def test_cohorts_for_a_machine_with_an_accelerator_are_written(tmp_path):
    file = tmp_path / "jobs.json"
    given = ("--part", "article", "--cells", 1, "--results", SHIPPED)
    code, printed, errors = accelnas("table", "jobs", file, *given)
    assert code == 0, errors
    assert printed == f"{len(json.loads(file.read_text()))} cohorts in {file}\n"


def test_the_main_job_ends_with_code_1_where_a_cell_differs_and_names_it(tmp_path, monkeypatch):
    monkeypatch.setattr(again, "MAIN_JOB", (CURSE,))
    monkeypatch.setattr(again, "prepare_with_progress", lambda *_: None)
    monkeypatch.setattr(again, "train_winners", lambda home: [Trained("V1", "expected", 0.5, 0.02, 0.53)])
    code, printed, errors = accelnas("reproduce", "--home", tmp_path)
    assert (code, errors) == (0, "")
    lines = printed.splitlines()
    assert lines[0] == f"== {CURSE}"
    cells = pd.read_csv(SHIPPED / CURSE / f"{CURSE}.csv").size
    assert f"{CURSE}/{CURSE}.csv: {cells} cells equal those shipped" in lines
    assert any(line.startswith("detection V1: expected 0.500, trained here 0.530") for line in lines)
    assert lines[-1].startswith(f"report: {tmp_path / 'reproduced' / 'results' / 'report.html'} (")
    assert (tmp_path / "reproduced" / "results" / "report.html").stat().st_size > 1000

    def changed(name, home, results):
        file = results / name / f"{name}.csv"
        table = pd.read_csv(file)
        table.loc[1, "seeds"] += 1
        table.to_csv(file, index=False)

    monkeypatch.setattr(again, "make_anew", changed)
    code, printed, errors = accelnas("reproduce", "--home", tmp_path)
    assert (code, errors) == (1, "")
    assert f"{CURSE}/{CURSE}.csv: 1 of {cells} cells DIFFER; row 2, seeds: 5 shipped, 6 here" in printed
