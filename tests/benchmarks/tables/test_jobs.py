"""From a design to jobs, and from what a machine answered to trials of the same networks."""

import json

import numpy as np
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators.trained import trial_key
from benchmarks.store.importing import check_trial
from benchmarks.tables.design import Cell
from benchmarks.tables.jobs import job_of, speeds, trials_of, write_jobs
from benchmarks.tables.parts import Wanted
from benchmarks.tables.recipes import RECIPES
from tasks.registry import TASKS, make_task
from tasks.spaces.registry import skeleton_for
from tasks.spaces.skeleton import uncurated_space
from tasks.training import TRAINING_CODE_VERSION


@pytest.fixture
def answered(tmp_path):
    task = make_task("detection")
    space = uncurated_space(skeleton_for(task), task.output_channels)
    genotypes = np.zeros((2, len(space.cardinalities)), np.int32)
    genotypes[1, 0] = 1
    cell = Cell(
        "detection-uncurated-0-0000", "uncurated", genotypes, tuple(map(space.decode, genotypes.tolist())), (7, 8)
    )
    jobs, rows = tmp_path / "jobs.json", tmp_path / "rows.jsonl"
    write_jobs([job_of(Wanted(cell, RECIPES["search"]["detection"]), task)], jobs)
    row = {"job": "detection-uncurated-0-0000-7-12800-16", "device": "NVIDIA H200", "jax": "0.11.2", "seconds": 2.5}
    row |= {"code_version": TRAINING_CODE_VERSION, "data_version": task.data_version("quick")}
    lines = [
        row | {"index": 1, "finite": True, "quality": {"map": 0.4, "map50": 0.7}},
        row | {"index": 0, "finite": False, "quality": {}},
    ]
    rows.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return task, cell, jobs, rows


def test_rows_of_a_machine_become_trials_that_say_how_and_where_they_were_trained(answered):
    task, cell, jobs, rows = answered
    done, failed = trials_of(jobs, rows)
    check_trial(done)
    assert done.quality == {"map": 0.4, "map50": 0.7}
    assert done.key.seed == 8
    assert done.key.architecture == trial_key(task, cell.chains[1], RECIPES["search"]["detection"], 8).architecture
    assert done.key.code_path == "many_at_once"
    assert done.key.digest != trial_key(task, cell.chains[1], RECIPES["search"]["detection"], 8).digest
    assert (done.space, done.genotype) == ("uncurated", tuple(cell.genotypes[1].tolist()))
    assert (done.provenance.device, done.provenance.jax) == ("NVIDIA H200", "0.11.2")
    assert failed.state == "failed"
    assert "not finite" in str(failed.error)


def test_a_row_of_other_jobs_is_named_by_its_line(answered):
    _, _, jobs, rows = answered
    rows.write_text(rows.read_text() + json.dumps({"job": "other", "index": 0}) + "\n")
    with pytest.raises(BenchmarkInputError, match=r"line 3: job 'other'"):
        trials_of(jobs, rows)


def test_a_row_of_what_no_training_could_have_given_is_named_by_its_line(answered):
    _, _, jobs, rows = answered
    first, second = rows.read_text().splitlines()
    rows.write_text(f"{first}\n{json.dumps(json.loads(second) | {'seconds': -2})}\n")
    with pytest.raises(BenchmarkInputError, match=r"rows\.jsonl: line 2: .*seconds"):
        trials_of(jobs, rows)


@pytest.mark.parametrize("name", ["code_version", "data_version"])
def test_rows_of_another_version_of_the_training_or_the_data_are_refused(answered, name):
    _, _, jobs, rows = answered
    lines = [json.loads(line) for line in rows.read_text().splitlines()]
    rows.write_text("".join(json.dumps(line | {name: "older"}) + "\n" for line in lines))
    with pytest.raises(BenchmarkInputError, match=f"line 1: trained with {name} older, and here that is"):
        trials_of(jobs, rows)


def test_a_run_says_how_fast_it_was_where_its_rows_do(answered):
    _, _, jobs, rows = answered
    assert speeds(jobs, rows, trials_of(jobs, rows)).empty
    timed = {"workers": 22, "at_once": 2, "compile_s": 40.0, "training_s": 20.0, "predictions_s": 4.0, "scoring_s": 1.0}
    lines = [json.loads(line) | timed | {"ended_s": 60.0} for line in rows.read_text().splitlines()]
    rows.write_text("".join(json.dumps(line) + "\n" for line in lines))
    trials = trials_of(jobs, rows)
    (row,) = speeds(jobs, rows, trials).to_dict("records")
    assert row["tflop"] == pytest.approx(sum(trial.training_flops for trial in trials) / 2e12, rel=1e-3)
    assert (row["task"], row["device"], row["cohorts"], row["n"]) == ("detection", "NVIDIA H200", 1, 2)
    assert row["candidates_per_hour"] == 2 * 60
    for damaged in ({"workers": None}, {"ended_s": "soon"}, {"ended_s": 0}):
        rows.write_text("".join(json.dumps(line | damaged) + "\n" for line in lines))
        assert speeds(jobs, rows, trials).empty
    rows.write_text("".join(json.dumps({n: v for n, v in line.items() if n != "workers"}) + "\n" for line in lines))
    assert speeds(jobs, rows, trials).empty


def test_every_task_has_recipes_of_whole_steps():
    for recipes in RECIPES.values():
        assert set(recipes) == set(TASKS)
        assert all(recipe.example_passes % recipe.batch_size == 0 for recipe in recipes.values())
