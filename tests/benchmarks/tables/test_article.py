"""Networks of the article's tables become cells to train: summaries are read back as the same networks."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.problem import baseline_blocks
from benchmarks.store.files import write_table
from benchmarks.store.keys import canonical_json
from benchmarks.store.parquet import write_records
from benchmarks.store.records import Trial
from benchmarks.tables.article import (
    AGAIN_SEEDS,
    OF_ALL_TASKS,
    SEEDS,
    again_cells,
    article_cells,
    genotype_of,
    summaries,
)
from benchmarks.tables.design import table_spaces
from benchmarks.tables.files import table_file, table_trials
from benchmarks.tables.jobs import job_of, trials_of, write_jobs
from benchmarks.tables.parts import lacking, part_of, size_of
from benchmarks.tables.recipes import FINAL, SEARCH
from benchmarks.tables.trained import by_network, read_trained, trials_by
from hw_model.network_text import summary
from tasks.registry import TASKS, make_task
from tasks.spaces.registry import skeleton_for
from tasks.training import TRAINING_CODE_VERSION

RESULTS = Path(__file__).parents[3] / "results"


@pytest.mark.parametrize("name", TASKS)
def test_a_summary_is_read_back_as_the_same_network(name):
    task = make_task(name)
    space, skeleton = table_spaces(task)["uncurated"], skeleton_for(task)
    rng = np.random.default_rng(0)
    for genotype in [rng.integers(0, space.cardinalities).tolist() for _ in range(5)]:
        blocks = space.decode(genotype)
        found = genotype_of(space, skeleton, summary(blocks))
        assert found is not None
        assert space.decode(found) == blocks


@pytest.mark.parametrize("name", TASKS)
def test_every_network_of_the_shipped_tables_is_a_cell_whether_or_not_a_space_holds_it(name):
    cells = article_cells(RESULTS, make_task(name))
    assert [summary(cell.chains[0]) for cell in cells] == summaries(RESULTS, name, (name, *OF_ALL_TASKS))
    assert {cell.space for cell in cells} == {"uncurated", ""}
    assert all(cell.genotypes.any() or not cell.space for cell in cells[1:])


def test_networks_that_are_trained_again_were_trained_by_that_recipe_before():
    cells = again_cells(RESULTS, make_task("detection"))
    own = trials_by(RESULTS, "detection", SEARCH["detection"])
    there = {(trial.key.architecture, trial.key.seed) for trial in own}
    asked = {
        (canonical_json([asdict(block) for block in cell.chains[0]]), seed) for cell in cells for seed in AGAIN_SEEDS
    }
    assert len(cells) >= 4
    assert {cell.seeds for cell in cells} == {AGAIN_SEEDS}
    assert asked <= there
    assert again_cells(RESULTS, make_task("segmentation")) == []


@pytest.fixture
def fused(tmp_path):
    """A folder of results whose tables name the detector with a fused block of expansion 4, and that network."""
    blocks = list(baseline_blocks(make_task("detection")))
    blocks[1] = replace(blocks[1], kind="fused_ibn", expansion=4)
    for name in ("detection", *OF_ALL_TASKS):
        write_table(tmp_path / name / f"{name}.csv", pd.DataFrame({"network": [summary(blocks)], "task": "detection"}))
    return tmp_path, tuple(blocks)


def test_a_network_that_no_space_holds_is_trained_and_known_but_no_surrogate_is_fitted_to_it(fused):
    results, blocks = fused
    task, (_, wanted) = make_task("detection"), part_of(fused[0], make_task("detection"), "article")
    assert genotype_of(table_spaces(task)["uncurated"], skeleton_for(task), summary(blocks)) is None
    assert wanted.cell.chains == (blocks,) * SEEDS
    write_jobs([job := job_of(wanted.take([1, 3]), task)], results / "jobs.json")
    assert job["seeds"] == [wanted.cell.seeds[1], wanted.cell.seeds[3]]
    row = {"job": job["name"], "finite": True, "device": "A GPU", "jax": "1", "seconds": 2.0}
    row |= {"code_version": TRAINING_CODE_VERSION, "data_version": task.data_version(wanted.fidelity.data)}
    lines = [json.dumps(row | {"index": index, "quality": {"map": 0.4 + index / 10}}) for index in range(2)]
    (results / "rows.jsonl").write_text("\n".join(lines))
    trials = trials_of(results / "jobs.json", results / "rows.jsonl")
    write_records(table_file(results, "detection"), Trial, trials)
    assert [(trial.space, trial.genotype) for trial in table_trials(results, "detection")] == [("", ())] * 2
    key = canonical_json([asdict(block) for block in blocks])
    assert by_network(trials_by(results, "detection", wanted.fidelity), "map") == {key: (0.4, 0.5)}
    alone = replace(trials[1], key=replace(trials[1].key, code_path="static"), quality={"map": 0.7})
    assert by_network([*trials, alone], "map") == {key: (0.7, 0.4)}
    assert lacking(results, task, [wanted])[0].cell.seeds == tuple(wanted.cell.seeds[place] for place in (0, 2, 4))
    with pytest.raises(BenchmarkInputError, match="no finished trainings"):
        read_trained(results, "detection", wanted.fidelity)


def test_a_network_that_is_not_the_baseline_rewritten_is_named(fused):
    results, _ = fused
    table = pd.DataFrame({"network": ["96x96x3: conv 8 /2, ibn_3 8, conv 5 k1"]})
    write_table(results / "detection" / "detection.csv", table)
    with pytest.raises(
        BenchmarkInputError, match="'96x96x3: conv 8 /2, ibn_3 8, conv 5 k1' is no network of the space"
    ):
        article_cells(results, make_task("detection"))


def test_a_table_without_networks_is_named(fused):
    results, _ = fused
    for table, named in (({"model": ["V1"]}, "has no column network"), ({"network": [""]}, "'nan' is no network")):
        write_table(results / "detection" / "detection.csv", pd.DataFrame(table))
        with pytest.raises(BenchmarkInputError, match=r"detection\.csv.*" + named):
            article_cells(results, make_task("detection"))


def test_the_shipped_tables_networks_are_trained_by_both_recipes_with_five_seeds_each(tmp_path):
    task = make_task("segmentation")
    wanted = part_of(RESULTS, task, "article")
    assert len(wanted) == size_of(RESULTS, "segmentation", "article") >= 10
    assert wanted[0].cell.chains[0] == baseline_blocks(task)
    recipes = [SEARCH["segmentation"], FINAL["segmentation"]]
    assert {each.cell.name: [own.fidelity for own in wanted if own.cell.name == each.cell.name] for each in wanted} == {
        each.cell.name: recipes for each in wanted
    }
    for each in wanted:
        assert (len(set(each.cell.chains)), len(set(each.cell.seeds))) == (1, SEEDS)
    with pytest.raises(BenchmarkInputError, match="no such file; `accelnas reproduce segmentation` writes it"):
        article_cells(tmp_path, task)
