"""Building a table: what it trains, without training any here."""

from dataclasses import replace

import pytest

from benchmarks.evaluators.trained import trial_key
from benchmarks.store.parquet import write_records
from benchmarks.store.records import Trial
from benchmarks.tables import build as module
from benchmarks.tables.files import SHIPPED, table_file, table_trials
from benchmarks.tables.parts import build_command, part_of
from benchmarks.tables.recipes import RECIPES
from tasks.registry import make_task
from tests.cli import accelnas, refused


def test_what_a_table_has_from_another_machine_is_not_trained_again(tmp_path, monkeypatch):
    task = make_task("detection")
    (asked,) = list(module.trainings(part_of(SHIPPED, task, "alone")[:1]))
    key = trial_key(task, asked.chain, asked.fidelity, asked.seed)
    there = Trial.finished(key, {"map": 0.5, "map50": 0.8}, example_passes=1, seconds=1.0, training_flops=1e12)
    write_records(table_file(tmp_path, "detection"), Trial, [there])

    monkeypatch.setattr(module, "prepare_with_progress", lambda *_: None)
    monkeypatch.setattr("benchmarks.evaluators.trained.LocalExecutor", None)  # nothing is trained, as this is no class
    home = tmp_path / "home"  # whose store is empty
    assert module.train(home, tmp_path, task, [asked]) == 1
    assert [trial.key for trial in table_trials(tmp_path, "detection")] == [key]


def test_new_only_trains_nothing_that_an_accelerator_has_trained(tmp_path, monkeypatch):
    task = make_task("detection")
    first, *others = part_of(SHIPPED, task, "kinds")[:2]
    wanted = [first.take([0, 1]), *others]
    asked = list(module.trainings(wanted))
    key = replace(trial_key(task, asked[0].chain, asked[0].fidelity, asked[0].seed), code_path="many_at_once")
    there = Trial.finished(key, {"map": 0.5, "map50": 0.8}, example_passes=1, seconds=1.0, training_flops=1e12)
    write_records(table_file(tmp_path, "detection"), Trial, [there])
    monkeypatch.setattr(module, "part_of", lambda *_: wanted)
    monkeypatch.setattr(module, "train", lambda home, results, task, trainings: trainings)

    assert module.build(tmp_path, tmp_path, "detection", "kinds", 3) == asked[:3]
    # the first cell is left with its second network, which comes first now
    left = module.build(tmp_path, tmp_path, "detection", "kinds", 3, new_only=True)
    assert left == [asked[2], asked[1], asked[3]]


def test_the_command_that_pages_name_asks_for_all_that_a_part_lacks(tmp_path, monkeypatch):
    task = make_task("segmentation")
    wanted = part_of(SHIPPED, task, "kinds")[:6]
    asked = list(module.trainings(wanted))
    assert len(asked) > 40  # the count without the option
    key = replace(trial_key(task, asked[0].chain, asked[0].fidelity, asked[0].seed), code_path="many_at_once")
    there = Trial.finished(key, {"miou": 0.5}, example_passes=1, seconds=1.0, training_flops=1e12)
    write_records(table_file(tmp_path, "segmentation"), Trial, [there])
    found = []
    monkeypatch.setattr(module, "part_of", lambda *_: wanted)
    monkeypatch.setattr(module, "train", lambda home, results, task, trainings: found.extend(trainings) or 1)

    command = build_command("segmentation", "kinds").strip("`").split()[1:]
    assert accelnas(*command, "--home", str(tmp_path), "--results", str(tmp_path))[0] == 0
    assert sorted(each.seed for each in found) == sorted(each.seed for each in asked[1:])


def test_the_status_counts_different_networks_by_recipe_whatever_seed_and_machine(tmp_path):
    task = make_task("detection")
    one, other = list(module.trainings(part_of(SHIPPED, task, "kinds")[:2]))[:2]
    quality, spent = {"map": 0.5, "map50": 0.8}, {"example_passes": 1, "seconds": 1.0, "training_flops": 1e12}

    def trained(asked, recipe, **changes):
        key = replace(trial_key(task, asked.chain, recipe, asked.seed), **changes)
        return Trial.finished(key, quality, **spent)

    search, final = (RECIPES[how]["detection"] for how in ("search", "final"))
    rows = [
        trained(one, search),
        trained(one, search, seed=7),
        trained(one, search, code_path="many_at_once"),
        trained(other, search),
        trained(other, final),
        trained(other, replace(final, example_passes=2 * final.example_passes)),
    ]
    write_records(table_file(tmp_path, "detection"), Trial, rows)
    told = "detection: 2 networks by search, 1 networks by final; the surrogate is fitted to {} of the former"
    assert module.summary(tmp_path, "detection")[0] == told.format(0)
    (tmp_path / "surrogate").mkdir()
    lines = ("task,model,n", "detection,surrogate,1", "detection,surrogate,2", "detection,macs,3", "other,surrogate,4")
    (tmp_path / "surrogate" / "surrogate.csv").write_text("\n".join(lines))
    assert module.summary(tmp_path, "detection")[0] == told.format(2)


def test_the_status_of_a_folder_that_is_not_there_is_refused_and_that_of_an_empty_one_is_nothing_yet(tmp_path):
    told = f"accelnas: {tmp_path / 'none'}: no such folder; allowed: one that tables/TASK.parquet is kept in\n"
    assert accelnas("table", "status", "--results", tmp_path / "none") == (2, "", told)
    code, printed, _ = accelnas("table", "status", "--results", tmp_path)
    assert (code, printed.count("nothing yet")) == (0, 3)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("surrogate/surrogate.csv", ("status",)),
        ("surrogate/surrogate.csv", ("fit",)),
        ("tables/design/detection.csv", ("build", "--part", "cells")),
        ("tables/design/classification.csv", ("jobs", "jobs.json")),
        ("tables/winners/detection.csv", ("build", "--part", "curse")),
        ("tables/gpu.csv", ("take", "a.json", "b.json")),
    ],
)
def test_a_damaged_file_of_results_is_named_before_anything_long_began(name, command, tmp_path, monkeypatch):
    results = tmp_path / "results"
    (results / name).parent.mkdir(parents=True)
    (results / name).write_text("")
    if command == ("status",):  # which reads it of a task that has rows
        write_records(table_file(results, "detection"), Trial, [next(table_trials(SHIPPED, "detection"))])
    monkeypatch.chdir(tmp_path)
    for file in ("a.json", "b.json"):
        (tmp_path / file).write_text("{}")
    monkeypatch.setattr("benchmarks.experiments.surrogate.run.fit", lambda data: pytest.fail("fitted"))
    home = ("--home", tmp_path / "home") if command[0] == "build" else ()
    code, printed, errors = accelnas("table", *command, *home, "--results", results)
    assert (code, printed) == (2, "")
    assert f"{results / name} cannot be read as CSV" in errors
    assert errors.count("\n") == 1


def test_surrogates_are_not_fitted_where_they_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "results").write_text("a file")
    monkeypatch.setattr("benchmarks.experiments.surrogate.run.fit", lambda data: pytest.fail("fitted"))
    assert "cannot be written to" in refused("table", "fit", "--results", tmp_path / "results")
