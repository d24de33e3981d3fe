"""What the main job says of files that it made again and of networks that it trained."""

import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.registry import EXPERIMENTS
from benchmarks.markdown import rows
from benchmarks.verification import again
from benchmarks.verification.again import ACCELERATOR, MAIN_JOB, SHIPPED, TASK, Trained, compare, summary


@pytest.fixture
def pair(tmp_path):
    def write(name, text):
        path = tmp_path / name / "table" / "table.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return lambda one, other: compare(write("one", one), write("other", other))


HEAD = "task,latency_ms\n"


def test_figures_that_machines_round_differently_are_equal(pair):
    found = pair(HEAD + "detection,0.25\nsegmentation,\n", HEAD + "detection,0.250001\nsegmentation,\n")
    assert (found.file, found.cells, found.different) == ("table/table.csv", 4, 0)
    assert summary([found], []) == ["table/table.csv: 4 cells equal those shipped"]


def test_whole_numbers_are_equal_or_not(pair):
    head = "seed,macs\n"
    assert pair(head + "1000000,29380608\n", head + "1000005,29383000\n").different == 2


def test_a_cell_that_differs_is_named(pair):
    found = pair(HEAD + "detection,0.25\nsegmentation,0.5\n", HEAD + "detection,0.25\nclassification,0.6\n")
    assert found.different == 2
    (line,) = summary([found], [])
    assert "2 of 4 cells DIFFER; row 2, task: segmentation shipped, classification here" in line


def test_other_rows_or_columns_differ_as_a_whole(pair):
    assert pair(HEAD + "detection,0.25\n", "task\ndetection\n").first == "1 rows of 1 columns"
    assert pair(HEAD, HEAD + "detection,0.25\n").different > 0


def test_a_file_that_is_no_longer_written_differs_as_a_whole(tmp_path, monkeypatch):
    class Silent:
        shelf, files = "tables", ("agreement.csv",)

        def settings(self, given):
            return None

        def run(self, *_):
            """Writes nothing."""

    monkeypatch.setattr(again, "EXPERIMENTS", {"agreement": Silent()})
    again.copy_shipped(tmp_path)
    again.make_anew("agreement", tmp_path, tmp_path)
    (found,) = again.compare_all(["agreement"], SHIPPED, tmp_path)
    assert found.different == found.cells > 0
    assert found.first == "no such file was written"


def test_a_network_stands_beside_what_was_expected_with_its_noise():
    lines = summary(
        [], [Trained("V1", "expected", 0.5, 0.02, 0.53), Trained("V2", "mean of 2 shipped", 0.5, 0.01, 0.45)]
    )
    assert lines[0] == (
        "detection V1: expected 0.500, trained here 0.530, +0.030, within two standard deviations (0.040)"
    )
    assert "-0.050, NOT within two standard deviations" in lines[1]


def test_every_table_of_the_main_job_is_shipped_and_its_networks_are_known():
    for name in MAIN_JOB:
        own = EXPERIMENTS[name]
        assert all((SHIPPED / own.shelf / file).exists() for file in own.files)
    models = [row["model"] for row in rows(SHIPPED / TASK / f"{TASK}.csv") if row["accelerator"] == ACCELERATOR]
    assert {"Baseline", "V1", "V2", "V3"} <= set(models)


def test_without_a_clone_it_says_so_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(again, "SHIPPED", tmp_path)
    with pytest.raises(BenchmarkInputError, match=r"detection\.csv, to compare with; allowed: a clone's accelnas"):
        again.main_job(tmp_path / "home")
    assert not (tmp_path / "home").exists()
