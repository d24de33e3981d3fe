"""Trials and results in parquet files: nothing is lost or changed unnoticed on the way."""

import dataclasses
import json
import os
import random
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pyarrow.parquet as pq
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.store import parquet
from benchmarks.store.parquet import kind_of, merge_records, read_records, read_rows, write_records
from benchmarks.store.records import Result, Trial
from tests.benchmarks.store.records import BLOCKS, done, failed, result


def test_what_is_written_is_read_back_to_the_last_bit(tmp_path):
    trials = [done(0, 0.1 + 0.2), failed(1), dataclasses.replace(done(2), space="curated", genotype=(3, 0))]
    path, other = tmp_path / "new" / "trials.parquet", tmp_path / "results.parquet"
    assert write_records(path, Trial, trials) == 3
    assert list(read_records(path, Trial)) == trials
    assert write_records(other, Result, [result(1), result(2)]) == 2
    assert list(read_records(other, Result)) == [result(1), result(2)]
    assert (kind_of(path), kind_of(other)) == (Trial, Result)
    assert os.listdir(path.parent) == ["trials.parquet"]
    with pytest.raises(BenchmarkInputError, match="not a parquet file of trials"):
        list(read_records(other, Trial))


def test_no_trials_are_a_file_too(tmp_path):
    assert write_records(tmp_path / "none.parquet", Trial, []) == 0
    assert list(read_records(tmp_path / "none.parquet", Trial)) == []


def test_others_find_a_training_in_a_file_by_the_names_of_its_columns(tmp_path):
    path, trial = tmp_path / "trials.parquet", dataclasses.replace(done(3), space="curated", genotype=(3, 0))
    write_records(path, Trial, [trial])
    row = pd.read_parquet(path).iloc[0]
    assert json.loads(row["genotype"]) == [3, 0]
    assert json.loads(row["blocks"]) == [dataclasses.asdict(block) for block in BLOCKS]
    assert json.loads(row["recipe"])["example_passes"] == 6400
    assert json.loads(row["quality"])["map"] == 0.5
    assert (row["seed"], row["seconds"], row["flops"]) == (3, 12.5, 1e12 / 3)
    assert (row["device"], row["code_version"]) == ("A CPU of 2 GHz", "3")


def test_a_device_that_differs_from_the_provenance_is_damage(tmp_path):
    path = tmp_path / "trials.parquet"
    write_records(path, Trial, [done()])
    table = pq.read_table(path)
    changed = table.set_column(table.schema.get_field_index("device"), "device", [["A faster one"]])
    pq.write_table(changed.replace_schema_metadata(table.schema.metadata), path)
    assert list(read_rows(path, Trial)) == [
        f"{path}: row 0: device is 'A faster one', not that of its provenance",
    ]


def test_a_changed_row_is_named_and_skipped_and_the_others_are_read(tmp_path, capsys):
    path = tmp_path / "trials.parquet"
    write_records(path, Trial, [done(seed) for seed in range(5)])
    table = pq.read_table(path)
    quality = table["quality"].to_pylist()
    quality[3] = quality[3].replace("0.5", "0.9")
    changed = table.set_column(table.schema.get_field_index("quality"), "quality", [quality])
    pq.write_table(changed.replace_schema_metadata(table.schema.metadata), path)
    assert [trial.key.seed for trial in read_records(path, Trial)] == [0, 1, 2, 4]
    error = f"accelnas: skipped {path}: row 3: its checksum is not that of its content\n"
    assert capsys.readouterr().err == error


def test_no_flipped_bit_of_a_file_changes_a_trial_unnoticed(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "GROUP", 20)
    path, generator = tmp_path / "trials.parquet", random.Random(0)
    trials = {seed: done(seed, seed / 100) for seed in range(60)}
    write_records(path, Trial, trials.values())
    whole, noticed, partly = path.read_bytes(), 0, 0
    for _ in range(400):
        place = generator.randrange(len(whole) * 8)
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            found = list(read_rows(path, Trial))
        except BenchmarkInputError:
            noticed += 1
            continue
        lines = [each for each in found if isinstance(each, str)]
        read = [each for each in found if isinstance(each, Trial)]
        assert all(trials[trial.key.seed] == trial for trial in read)
        assert lines or len(read) == len(trials)
        noticed += bool(lines)
        partly += bool(lines and read)
    assert noticed > 100
    assert partly > 50  # what is not damaged is read


def test_what_is_no_file_of_trials_is_refused_in_one_line(tmp_path):
    (tmp_path / "text.parquet").write_text("nothing")
    pd.DataFrame({"digest": ["a"]}).to_parquet(tmp_path / "other.parquet")
    write_records(tmp_path / "cut.parquet", Trial, [done()])
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "cut.parquet").read_bytes()[:-20])
    for name, what in (
        ("none", "no such file"),
        (".", "no such file"),
        ("text.parquet", "not a parquet file, or damaged"),
        ("cut.parquet", "not a parquet file, or damaged"),
        ("other.parquet", "not a parquet file of trials or results"),
    ):
        with pytest.raises(BenchmarkInputError, match=what) as caught:
            kind_of(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_an_export_adds_to_a_file_and_never_loses_what_is_there(tmp_path):
    path = tmp_path / "trials.parquet"
    assert merge_records(path, Trial, [done(0, 0.25), failed(1), failed(2)]) == (3, 3)
    # an empty home replaces nothing
    before = path.read_bytes()
    assert merge_records(path, Trial, []) == (3, 0)
    assert list(read_records(path, Trial)) == [done(0, 0.25), failed(1), failed(2)]
    assert path.read_bytes() == before
    # what is there stays as it is, but for a failure that came to an end here
    assert merge_records(path, Trial, [done(0, 0.75), done(1), failed(2, "again"), done(3)]) == (4, 2)
    assert list(read_records(path, Trial)) == [done(0, 0.25), done(1), done(3), failed(2)]


def test_a_trial_that_comes_twice_is_kept_once(tmp_path):
    path = tmp_path / "trials.parquet"
    assert merge_records(path, Trial, [done(0), failed(1), done(0), done(1), failed(1)]) == (2, 2)
    assert list(read_records(path, Trial)) == [done(0), done(1)]


def test_runs_that_merge_into_one_file_at_once_lose_and_repeat_nothing(tmp_path):
    path = tmp_path / "trials.parquet"
    write_records(path, Trial, [done(0)])

    def merge(first):
        for seed in range(first, first + 5):
            merge_records(path, Trial, [done(seed), done(100)])

    with ThreadPoolExecutor(4) as pool:  # a folder is held by each alone, in other processes too
        list(pool.map(merge, (1, 11, 21, 31)))
    seeds = [trial.key.seed for trial in read_records(path, Trial)]
    assert sorted(seeds) == [0, *(first + each for first in (1, 11, 21, 31) for each in range(5)), 100]


def test_an_export_refuses_what_is_no_regular_file_or_would_lose_something(tmp_path):
    write_records(tmp_path / "trials.parquet", Trial, [done()])
    write_records(tmp_path / "results.parquet", Result, [result()])
    damaged = (tmp_path / "trials.parquet").read_bytes()[:-20]
    (tmp_path / "damaged.parquet").write_bytes(damaged)
    (tmp_path / "mine.txt").write_text("a thesis")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name, what in (
        ("pipe", "is no regular file"),
        ("folder", "is no regular file"),
        ("results.parquet", "not a parquet file of trials"),
        ("damaged.parquet", "damaged"),
        ("mine.txt", "not a parquet file"),
        ("trials.parquet/below", "cannot be written"),
        ("x" * 300, "cannot be written"),
    ):
        with pytest.raises(BenchmarkInputError, match=what) as caught:
            merge_records(tmp_path / name, Trial, [done(1)])
        assert len(str(caught.value).replace(str(tmp_path), "")) <= 300
    assert (tmp_path / "mine.txt").read_text() == "a thesis"
    assert (tmp_path / "damaged.parquet").read_bytes() == damaged
    assert (tmp_path / "pipe").is_fifo()


def test_a_file_with_one_bad_row_is_not_written_over(tmp_path):
    path = tmp_path / "trials.parquet"
    write_records(path, Trial, [done(0), done(1)])
    table = pq.read_table(path)
    changed = table.set_column(table.schema.get_field_index("seed"), "seed", [[0, 5]])
    pq.write_table(changed.replace_schema_metadata(table.schema.metadata), path)
    before = path.read_bytes()
    with pytest.raises(BenchmarkInputError, match=r"row 1: .*; nothing was written, since that would be lost"):
        merge_records(path, Trial, [done(2)])
    assert path.read_bytes() == before
