"""What is shipped holds: tables follow from what lies beside them, and rows trained again are compared by a rule."""

import dataclasses
import math
import shutil

import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators.verify import Checked
from benchmarks.store.made import changed
from benchmarks.store.parquet import read_records, write_records
from benchmarks.store.records import Trial
from benchmarks.store.sqlite import open_store
from benchmarks.tables.article import genotypes_of
from benchmarks.tables.design import table_spaces
from benchmarks.tables.files import SHIPPED, table_file, table_trials
from benchmarks.tables.models import load_models
from benchmarks.tables.recipes import SEARCH
from benchmarks.verification import verify as module
from benchmarks.verification.again import NEAR
from benchmarks.verification.verify import QUICK, Verdict, allowed_differences, judge_again, make_again, sample, verify
from hw_model.network_text import summary
from tasks.registry import TASKS, make_task
from tasks.spaces.registry import article_space, skeleton_for


def known_qualities(name):
    """By summary, what the table knows of the networks of a table of the article's whose genotypes are known, by each
    of these: of those trained alone, if any were, and of those trained at once.
    """
    models, task = load_models(name), make_task(name)
    space, texts = table_spaces(task)["uncurated"], pd.read_csv(SHIPPED / name / f"{name}.csv")["network"].unique()
    if name == "segmentation":  # a summary may be read in several ways there, but the front has genotypes
        front = pd.read_csv(SHIPPED / name / "segmentation_front.csv")["genotype"].unique()
        space, genotypes = article_space(task, "article"), [list(map(int, each.split())) for each in front]
    else:
        genotypes = [each for text in texts for each in genotypes_of(space, skeleton_for(task), text)]
    known: dict[str, list] = {}
    for genotype in genotypes:
        network = models.of_space(space, genotype)
        known.setdefault(summary(network.blocks), []).extend(
            models.quality_of(network, way) for way in ("", "many_at_once")
        )
    return {text: known[text] for text in texts if text in known}


@pytest.mark.parametrize("task", TASKS)
def test_qualities_of_the_articles_tables_are_the_surrogates_or_the_trainings(task):
    """The cells that follow without a search or the compiler; a changed one is named."""
    known, checked = known_qualities(task), 0
    for number, row in enumerate(pd.read_csv(SHIPPED / task / f"{task}.csv").to_dict("records"), start=1):
        if row["network"] in known:
            shipped = row["map" if task == "detection" else "quality"]
            source, where = (row["quality_source"], row["recipe"]), str(row["trained_on"]).replace("nan", "")
            here = [
                each[source] for each in known[row["network"]] if source in each and each[source].trained_on == where
            ]
            assert any(shipped == pytest.approx(each.quality, rel=NEAR) for each in here), (
                f"{task}.csv row {number}, {row['model']}: quality"
            )
            assert row["seeds"] in {each.seeds for each in here}
            checked += 1
    assert checked >= 6


def test_shipped_tables_are_made_again_in_every_cell_and_one_that_was_changed_is_named(tmp_path):
    changed = tmp_path / "changed"
    shutil.copytree(SHIPPED, changed, ignore=shutil.ignore_patterns("*.parquet", "*.png", "*.npz", "measured"))
    file = changed / "tables" / "agreement.csv"
    lines = file.read_text().splitlines()
    lines[2] = lines[2].replace(",50,", ",51,")
    file.write_text("\n".join(lines) + "\n")
    found = {each.file: each.first for each in make_again(QUICK, tmp_path / "home", changed) if each.different}
    assert found == {"tables/agreement.csv": "row 2, n: 51 shipped, 50 here"}


def test_a_table_that_lacks_rows_and_another_surrogate_are_not_the_recorded_files(tmp_path):
    for name in ("tables/segmentation.parquet", "surrogate/detection.npz", "trials.parquet", "provenance.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(SHIPPED / name, tmp_path / name)
    there = {"tables/segmentation.parquet", "surrogate/detection.npz", "trials.parquet"}
    assert not there & set(changed(tmp_path))
    write_records(tmp_path / "trials.parquet", Trial, list(read_records(SHIPPED / "trials.parquet", Trial))[:-1])
    (tmp_path / "surrogate/detection.npz").write_bytes((SHIPPED / "surrogate/segmentation.npz").read_bytes())
    file = table_file(tmp_path, "segmentation")
    write_records(file, Trial, list(table_trials(SHIPPED, "segmentation"))[:-1])
    assert there <= set(changed(tmp_path))


@pytest.mark.parametrize("content", [b"", b"file\n", b"file,sha256\na,b\n", b"\xff\xfe\x00"])
def test_a_damaged_list_of_files_is_named_and_holds_nothing(tmp_path, content):
    (tmp_path / "provenance.csv").write_bytes(content)
    with pytest.raises(BenchmarkInputError, match=r"provenance\.csv"):
        changed(tmp_path)


def test_a_surrogate_that_is_missing_is_named_before_anything_is_trained(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "train_again", lambda *_: pytest.fail("trained"))
    shutil.copytree(SHIPPED / "tables", tmp_path / "tables")
    with pytest.raises(BenchmarkInputError, match=r"surrogate.detection\.npz"):
        verify(("detection",), 1, 0, (), tmp_path / "home", tmp_path, say=lambda line: None)


def test_a_verdict_is_by_the_noise_of_seeds():
    assert "equal to the last bit" in Verdict("toy", "0" * 64, 0.5, 0.5, 0.01).line()
    near, far = (Verdict("toy", "0" * 64, 0.5, now, 0.01) for now in (0.509, 0.52))
    assert near.holds
    assert "within the noise of seeds" in near.line()
    assert not far.holds
    assert far.line().endswith("MISS")
    assert not Verdict("toy", "0" * 64, 0.5, math.nan, 0.01).holds


def test_nothing_holds_of_a_task_of_which_nothing_can_be_trained_again_unless_nothing_is_asked_for(
    tmp_path, monkeypatch
):
    none = Checked(rows=3, trials=3, damaged=0, repeatable=0, drawn=[])
    monkeypatch.setattr(module, "sample", lambda *_: none)
    monkeypatch.setattr(module, "changed", lambda results: [])
    said = []
    assert not verify(("detection",), 1, 0, (), tmp_path, say=said.append)
    assert (
        "detection: no row of this training code and these data, so none is trained again; allowed: --count 0" in said
    )
    assert verify(("detection",), 0, 0, (), tmp_path, say=said.append)


def test_rows_are_drawn_by_their_digest_and_judged_by_what_training_gave(tmp_path, monkeypatch):
    drawn = sample("detection", tmp_path, 2, 0).drawn
    assert [row.digest for row in sample("detection", tmp_path, 1, 0).drawn] == [drawn[0].digest]
    assert [row.digest for row in sample("detection", tmp_path, 1, 1).drawn] != [drawn[0].digest]
    assert all(
        row.key.code_path == "static" and f'"example_passes":{SEARCH["detection"].example_passes},' in row.key.fidelity
        for row in drawn
    )
    monkeypatch.setattr("benchmarks.evaluators.verify.prepare_with_progress", lambda *_: None)
    monkeypatch.setattr("benchmarks.evaluators.trained.LocalExecutor", None)  # nothing is trained

    def trained_before(shift):
        """As a run that was stopped leaves it."""
        with open_store(tmp_path / "verified") as store:
            for row in drawn:
                store.put(
                    dataclasses.replace(row, quality={name: value + shift for name, value in row.quality.items()})
                )

    trained_before(0.0)
    one, other = judge_again("detection", drawn, allowed_differences("detection", drawn), tmp_path)
    assert one.now == one.shipped
    assert 0.005 < other.allowed < 0.2
    said = []
    assert verify(("detection",), 2, 0, (), tmp_path, say=said.append)
    assert [line.endswith("equal to the last bit") for line in said[-2:]] == [True, True]
    assert "2 trainings again, which took " in said[-3]
    with open_store(tmp_path / "verified") as store:
        assert store.count(Trial) == 0
    trained_before(0.3)
    assert not verify(("detection",), 2, 0, (), tmp_path, say=said.append)
    assert said[-1].endswith("MISS")
    trained_before(0.0)
    assert verify(("detection",), 1, 0, (), tmp_path, say=said.append)
    with open_store(tmp_path / "verified") as store:  # what a run of more rows, that was stopped, goes on from
        assert [trial.digest for trial in store.trials()] == [drawn[1].digest]
