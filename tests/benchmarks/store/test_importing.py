"""What comes from elsewhere is checked field by field and marked; nonsense is left out and blocks nothing."""

import dataclasses
import json
from collections import defaultdict
from pathlib import Path
from statistics import fmean

import pandas as pd
import pyarrow.parquet as pq
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.store import parquet
from benchmarks.store.importing import Counts, check_trial, import_file
from benchmarks.store.keys import canonical_json
from benchmarks.store.parquet import read_rows, write_records
from benchmarks.store.records import Result, Trial
from benchmarks.store.sqlite import open_store
from hw_model.blocks import Block
from hw_model.network_text import summary
from tests.benchmarks.store.records import ARCHITECTURE, FIDELITY, done, failed, result


def with_blocks(**changes):
    blocks = json.loads(ARCHITECTURE)
    blocks[0] |= changes
    return {"architecture": canonical_json(blocks)}


def with_fidelity(**changes):
    return {"fidelity": canonical_json(json.loads(FIDELITY) | changes)}


NONSENSE = {
    "no blocks": ({"architecture": "[]"}, "network has 0 blocks"),
    "no list": ({"architecture": "7"}, "cannot be read"),
    "no objects": ({"architecture": '["conv"]'}, "cannot be read"),
    "a billion channels": (with_blocks(out_channels=10**9), "out_channels is 1000000000"),
    "an unknown kind": (with_blocks(kind="transformer"), "unknown kind"),
    "an unknown field": (with_blocks(colour="red"), "cannot be read"),
    "a flag that is a text": (with_blocks(residual="yes"), "residual|flag"),
    "blocks that do not fit": (with_blocks(out_channels=16), "gives 8x8x16"),
    "an unknown task": ({"task": "pose-1"}, "unknown task 'pose'"),
    "no number of classes": ({"task": "detection"}, "task is 'detection'"),
    "a fidelity of nothing": ({"fidelity": "{}"}, "cannot be read"),
    "passes below 1": (with_fidelity(example_passes=0), "example_passes is 0"),
    "passes that are a text": (with_fidelity(example_passes="many"), "example_passes is many"),
    "a batch of 10^12": (with_fidelity(batch_size=10**12), "batch_size is"),
    "an unknown split": (with_fidelity(eval_split="all"), "eval_split 'all'"),
    "a rate below 0": (with_fidelity(peak_learning_rate=-1.0), "peak_learning_rate is -1.0"),
}


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_with_a_right_checksum_is_refused(what):
    changes, message = NONSENSE[what]
    with pytest.raises(BenchmarkInputError, match=message) as caught:
        check_trial(done(**changes))
    assert len(str(caught.value)) <= 300
    check_trial(done())
    check_trial(failed())


def test_a_quality_that_no_metric_can_have_is_refused():
    for quality in ({"map": 1.5}, {"map": -0.1}, {"accuracy": 0.5}):
        with pytest.raises(BenchmarkInputError, match=r"allowed: map in 0\.\.1"):
            check_trial(dataclasses.replace(done(), quality=quality))


def test_a_training_of_longer_than_a_life_is_refused():
    with pytest.raises(BenchmarkInputError, match="seconds are 1000000000000000000; allowed: 0 to 1000000000"):
        check_trial(dataclasses.replace(done(), seconds=10**18))


def test_an_import_marks_what_it_takes_skips_what_is_bad_and_keeps_its_own(tmp_path, capsys):
    path = tmp_path / "theirs.parquet"
    bad = [done(5, **NONSENSE["no blocks"][0]), done(6, **NONSENSE["a billion channels"][0])]
    write_records(path, Trial, [done(0, 0.25), bad[0], done(1), failed(2), bad[1], done(3)])
    with open_store(tmp_path) as store:
        store.put_all([done(0, 0.75), failed(1)])
        assert import_file(path, store) == Counts(total=6, new=3, skipped=2)
        errors = capsys.readouterr().err.splitlines()
        assert [line.partition(": row ")[2][:1] for line in errors] == ["1", "4"]
        assert all(line.startswith(f"accelnas: skipped {path}: row ") for line in errors)
        marks = {trial.key.seed: (trial.quality.get("map"), trial.imported_from) for trial in store.trials()}
        assert marks == {
            0: (0.75, ""),
            1: (0.5, "theirs.parquet"),
            2: (None, "theirs.parquet"),
            3: (0.5, "theirs.parquet"),
        }
        assert import_file(path, store) == Counts(total=6, new=0, skipped=2)


def test_rows_that_are_lost_together_are_counted_and_those_after_keep_their_numbers(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(parquet, "GROUP", 10)
    path = tmp_path / "theirs.parquet"
    bad = done(15, **NONSENSE["no blocks"][0])
    write_records(path, Trial, [bad if seed == 15 else done(seed) for seed in range(25)])
    group = pq.ParquetFile(path).metadata.row_group(0)
    content = bytearray(path.read_bytes())
    for number in range(group.num_columns):
        start = group.column(number).data_page_offset
        content[start : start + 8] = b"\xff" * 8
    path.write_bytes(bytes(content))
    with open_store(tmp_path) as store:
        assert import_file(path, store) == Counts(total=25, new=14, skipped=11)
    errors = capsys.readouterr().err
    assert "rows 0 to 9: damaged" in errors
    assert "row 15: " in errors


def test_results_of_supernets_and_scores_are_imported_too(tmp_path):
    path = tmp_path / "results.parquet"
    write_records(path, Result, [result(number) for number in range(3)])
    with open_store(tmp_path) as store:
        assert import_file(path, store) == Counts(total=3, new=3, skipped=0)
        assert {found.imported_from for found in store.results()} == {"results.parquet"}
        key = {"code_version": "1", "number": 2}
        assert store.cached("scores", key, lambda: "computed")[0] == 2 / 7


def test_many_are_committed_in_batches(tmp_path, monkeypatch):
    write_records(tmp_path / "many.parquet", Trial, [done(seed) for seed in range(250)])
    monkeypatch.setattr("benchmarks.store.sqlite.BATCH", 100)
    with open_store(tmp_path) as store:
        statements = []
        store._connection.set_trace_callback(statements.append)
        assert import_file(tmp_path / "many.parquet", store).new == 250
        assert statements.count("BEGIN IMMEDIATE") == 3


def test_the_trials_that_ship_are_sound_and_give_the_qualities_of_photo_objects_csv():
    results = Path(__file__).parents[3] / "results"
    qualities = defaultdict(list)
    for trial in read_rows(results / "trials.parquet", Trial):
        assert isinstance(trial, Trial), trial
        check_trial(trial)
        qualities[summary(tuple(Block(**block) for block in json.loads(trial.key.architecture)))].append(
            trial.quality["map"]
        )
    table = pd.read_csv(results / "transfer/photo_objects.csv")
    assert set(qualities) == set(table["network"])
    for row in table.itertuples():
        assert len(qualities[row.network]) == row.seeds
        assert fmean(qualities[row.network]) == pytest.approx(row.quality, abs=1e-6)
