"""`accelnas trials` as a user runs it."""

import dataclasses
import json
import os

import pytest

from benchmarks.store.parquet import read_records, write_records
from benchmarks.store.records import Result, Trial
from benchmarks.store.sqlite import open_store
from tests.benchmarks.store.records import done, failed, result
from tests.cli import accelnas, refused


def run(*arguments):
    return accelnas("trials", *arguments)


@pytest.fixture
def home(tmp_path):
    with open_store(tmp_path / "home") as store:
        store.put_all([done(0, 0.25), failed(1), result()])
    return tmp_path / "home"


def test_trials_are_listed_shown_and_removed(home):
    code, printed, _ = run("list", "--home", home)
    head, *lines = [line.split("\t") for line in printed.splitlines()]
    assert code == 0
    assert head[:3] == ["digest", "task", "seed"]
    assert all(len(line) == len(head) for line in lines)
    rows = {line[2]: dict(zip(head, line, strict=True)) for line in lines}
    assert rows["0"]["quality"] == "map=0.2500 map50=0.0833"
    assert rows["1"]["quality"] == "ValueError: too wide"
    digest = rows["0"]["digest"]
    code, printed, _ = run("show", digest, "--home", home)
    shown = json.loads(printed)
    assert shown["digest"] == done(0).digest
    assert shown["key"]["architecture"][0]["kind"] == "conv"
    assert shown["provenance"]["device"] == "A CPU of 2 GHz"
    assert run("list", "results", "--limit", 1, "--home", home)[1].splitlines()[1].startswith(result().digest[:12])
    assert run("remove", digest, "--home", home)[:2] == (0, "1 removed\n")
    code, _, errors = run("show", digest, "--home", home)
    assert (code, errors.count("\n")) == (2, 1)
    assert f"digest '{digest}' is that of none" in errors


def test_a_task_is_found_without_its_number_of_classes_and_one_that_no_trial_has_is_refused(home, tmp_path):
    other = dataclasses.replace(done(2, task="detection-3"), created="2026-11-23T00:00:00.000+00:00")
    with open_store(home) as store:
        store.put_all([other, done(3, task="classification-10")])
    for name, wanted in (("detection", {"0", "1", "2"}), ("detection-1", {"0", "1"}), ("detection-3", {"2"})):
        code, printed, _ = run("list", "--task", name, "--home", home)
        seeds = [line.split("\t")[2] for line in printed.splitlines()[1:]]
        assert (code, set(seeds)) == (0, wanted)
        assert seeds[0] == "2" or "2" not in wanted  # the oldest
        file = tmp_path / f"{name}.parquet"
        assert run("export", file, "--task", name, "--home", home)[1].startswith(f"{len(wanted)} trials in ")
    for command in (("list",), ("export", tmp_path / "none.parquet")):
        told = "no trial is of task 'pose'; allowed: classification-10, detection-1, detection-3"
        assert run(*command, "--task", "pose", "--home", home) == (2, "", f"accelnas: {told}\n")
    assert not (tmp_path / "none.parquet").exists()
    assert run("list", "--task", "detection", "--home", tmp_path / "empty")[0] == 2


def test_a_task_of_results_is_refused(home, tmp_path):
    for line in (("list", "results"), ("export", tmp_path / "x.parquet", "--kind", "results")):
        assert "--task detection with results; allowed: with trials" in refused(
            "trials", *line, "--task", "detection", "--home", home
        )


def test_trials_go_from_one_home_to_another(home, tmp_path):
    file, there = tmp_path / "trials.parquet", tmp_path / "there"
    assert run("export", file, "--home", home) == (0, f"2 trials in {file}, 2 of them new\n", "")
    assert run("import", file, "--home", there) == (0, "2 of 2 were new\n", "")
    assert run("import", file, "--home", there) == (0, "0 of 2 were new\n", "")
    with open_store(there) as store:
        assert {trial.imported_from for trial in store.trials()} == {"trials.parquet"}
    assert run("remove", "--imported-from", "trials.parquet", "--home", there)[1] == "2 removed\n"
    # an empty home takes nothing from the file
    assert run("export", file, "--home", there) == (0, f"2 trials in {file}, 0 of them new\n", "")
    results = tmp_path / "results.parquet"
    assert run("export", results, "--kind", "results", "--home", home)[0] == 0
    assert list(read_records(results, Result)) == [result()]


def test_a_home_that_nothing_was_kept_in_is_refused_and_not_made_by_what_only_reads(tmp_path):
    typo = tmp_path / "typo"
    told = f"accelnas: no store in '{typo}'; allowed: a home that a command has written to\n"
    commands = (("list",), ("show", "abcd"), ("export", tmp_path / "x.parquet"), ("verify",), ("remove", "abcd"))
    for command in commands:
        assert run(*command, "--home", typo) == (2, "", told)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_nothing_was_imported_from_is_refused_naming_those_that_something_was(home, tmp_path):
    assert "from 'mine'; allowed: none" in refused("trials", "remove", "--imported-from", "mine", "--home", home)
    file = tmp_path / "theirs.parquet"
    write_records(file, Trial, [done(5)])
    run("import", file, "--home", home)
    line = ("trials", "remove", done(0).digest, "--imported-from", "mine", "--home", home)
    assert "from 'mine'; allowed: theirs.parquet" in refused(*line)
    assert run("show", done(0).digest, "--home", home)[0] == 0


def test_a_target_must_be_named_and_be_a_file(home, tmp_path):
    code, _, errors = run("export", "--home", home)
    assert code == 2
    assert "PATH" in errors
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for target in (pipe, tmp_path):
        code, printed, errors = run("export", target, "--home", home)
        assert (code, printed) == (2, "")
        assert errors == f"accelnas: {target} is no regular file; allowed: a new file, or one to add to\n"
    assert pipe.is_fifo()


def test_a_check_names_each_damaged_row_and_ends_with_code_1(home, tmp_path):
    file = tmp_path / "trials.parquet"
    write_records(file, Trial, [done(0), done(1, architecture="[]")])
    code, printed, errors = run("verify", file, "--count", 0, "--home", home)
    assert code == 1
    assert printed.startswith("2 rows, 1 damaged; 0 trials can be trained again")
    assert errors.startswith("accelnas: skipped ")
    assert "network has 0 blocks" in errors
    assert run("verify", "--count", 0, "--home", home)[0] == 0
    # these are of data that nobody has
    code, _, errors = run("verify", "--home", home)
    assert code == 2
    assert "none of 2 trials is of this training code and of the tasks' own data" in errors
    code, printed, errors = run("import", file, "--home", tmp_path / "there")
    assert (code, printed) == (1, "1 of 2 were new, 1 skipped\n")
    code, _, errors = run("import", tmp_path / "none", "--home", home)
    assert code == 2
    assert errors.startswith(f"accelnas: {tmp_path / 'none'}: no such file; allowed: a parquet file")
