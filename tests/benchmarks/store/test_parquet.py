"""Trials in a file: nothing is lost or made up on the way, and some can be trained again."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators.verify import verify
from benchmarks.store.parquet import import_trials, read_trials, write_trials
from benchmarks.store.records import Trial, TrialKey
from benchmarks.store.sqlite import TrialStore

ACCELNAS = str(Path(sys.executable).parent / "accelnas")
KEY = TrialKey("detection-1", "scenes-1", "[]", '{"data":"quick"}', 0, "1")
DONE = Trial(KEY, "done", {"map": 1 / 3, "map50": 0.5}, 6400, 1e12 / 3, 12.5)
OTHER = Trial(dataclasses.replace(KEY, task="classification-10", seed=3), "done", {"accuracy": 0.1 + 0.2}, 10, 0.0, 1.0)
FAILED = Trial(dataclasses.replace(KEY, seed=1), "failed", {}, 10, 0.0, 0.25, error="ValueError: too wide")


def test_what_is_written_is_read_back_to_the_last_bit(tmp_path):
    path = tmp_path / "new" / "trials.parquet"
    assert write_trials([DONE, OTHER, FAILED], path) == 3
    assert read_trials(path) == [DONE, OTHER, FAILED]


def test_an_import_adds_what_is_not_there_and_keeps_what_is(tmp_path):
    with TrialStore(tmp_path / "trials.sqlite") as store:
        mine = dataclasses.replace(DONE, quality={"map": 0.9})
        store.put(mine)
        assert import_trials([DONE, OTHER, FAILED], store) == 2
        assert store.get(KEY) == mine
        assert import_trials([DONE, OTHER, FAILED], store) == 0


def test_a_trial_that_was_changed_is_refused(tmp_path):
    path = tmp_path / "trials.parquet"
    write_trials([DONE], path)
    table = pd.read_parquet(path)
    table["seed"] = 7
    table.to_parquet(path)
    with pytest.raises(BenchmarkInputError, match="does not have the digest of its key"):
        read_trials(path)


def test_what_is_no_file_of_trials_is_refused(tmp_path):
    with pytest.raises(BenchmarkInputError, match="no such file"):
        read_trials(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("nothing")
    with pytest.raises(BenchmarkInputError, match="not a parquet file of trials"):
        read_trials(tmp_path / "text.parquet")
    pd.DataFrame({"digest": ["a"]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(BenchmarkInputError, match="not a parquet file of trials"):
        read_trials(tmp_path / "other.parquet")


def test_trials_of_other_code_are_not_trained_again(tmp_path):
    with pytest.raises(BenchmarkInputError, match="0 of 3 trials are of training code"):
        verify([DONE, OTHER, FAILED], 1, 0, 0.05, tmp_path)


def run(*arguments):
    done = subprocess.run([ACCELNAS, "trials", *map(str, arguments)], capture_output=True, text=True, env=os.environ)
    return done.returncode, done.stdout, done.stderr


def test_through_the_command_line(tmp_path):
    with TrialStore(tmp_path / "here" / "trials.sqlite") as store:
        store.put(DONE)
    file = tmp_path / "trials.parquet"
    assert run("export", file, "--home", tmp_path / "here") == (0, f"1 trials written to {file}\n", "")
    assert run("import", file, "--home", tmp_path / "there") == (0, "1 of 1 trials were new\n", "")
    code, _, errors = run("import", tmp_path / "none", "--home", tmp_path / "there")
    assert (code, errors) == (2, f"accelnas: {tmp_path / 'none'}: no such file; allowed: a parquet file of trials\n")
