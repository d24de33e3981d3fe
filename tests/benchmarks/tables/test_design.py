"""The design of the trained tables: cells that share all but channels, spread over latency, the same every time."""

import json
from dataclasses import asdict
from functools import cache

import jax
import numpy as np
import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.keys import canonical_json
from benchmarks.store.parquet import read_records
from benchmarks.store.records import Trial
from benchmarks.tables.article import AGAIN, AGAIN_SEEDS, seeds_of
from benchmarks.tables.build import trainings
from benchmarks.tables.design import DRAWN, draw_cells
from benchmarks.tables.files import SHIPPED, design_file, table_file, winners_file
from benchmarks.tables.parts import PARTS, lacking, part_of, repeated_rows, write_design
from benchmarks.tables.recipes import RECIPES, SEARCH
from hw_model.blocks import Block
from hw_model.network_text import summary
from tasks.registry import make_task
from tasks.spaces.layer import Decision, Layer
from tasks.spaces.space import SearchSpace
from tests.cli import accelnas

SPACE = SearchSpace(
    "toy",
    (
        Decision("channels_stem", tuple(range(8, 40))),
        Decision("block_1_1", ("ibn_6", "ibn_3", "fused_ibn_3", "conv")),
        Decision("channels_1", tuple(range(8, 40))),
    ),
    (Layer("conv", "channels_stem", stride=2), Layer("block_1_1", "channels_1")),
    32,
)


def skewed(genotypes):
    return np.exp(genotypes[:, 0] / 31.0) * (1 + 9 * (genotypes[:, 1] == 3))


# before there was a part of repeats, those of a cell added this to the design's seeds, once and twice
REPEAT = 100


@pytest.mark.parametrize("name", ["classification", "detection", "segmentation"])
def test_what_is_trained_is_of_a_part_by_its_recipe(name):
    designed, recipe = set(), cache(lambda fidelity: canonical_json(asdict(fidelity)))
    for part in PARTS if winners_file(SHIPPED, name).is_file() else [part for part in PARTS if part != "curse"]:
        for space, genotype, _, fidelity, seed in trainings(part_of(SHIPPED, make_task(name), part)):
            designed.add((space, genotype, recipe(fidelity), seed))
    for trial in read_records(table_file(SHIPPED, name), Trial):
        seed = trial.key.seed
        first = seed - seed % 1_000 // REPEAT * REPEAT
        drawn = designed & {(trial.space, trial.genotype, trial.key.fidelity, each) for each in (seed, first)}
        assert drawn or of_another_fit(name, trial, recipe)


def of_another_fit(name, trial, recipe):
    """Whether it is of an article's table of another fit, which had other networks: by seeds of the network's own."""
    text = summary([Block(**block) for block in json.loads(trial.key.architecture)])
    if trial.key.fidelity == recipe(RECIPES["search"][name]) and name == AGAIN[0] and trial.key.seed in AGAIN_SEEDS:
        return True
    return trial.key.fidelity in {recipe(own[name]) for own in RECIPES.values()} and trial.key.seed in seeds_of(text)


@pytest.mark.parametrize("name", ["classification", "detection", "segmentation"])
def test_sixty_networks_have_three_seeds_and_forty_both_recipes(name):
    seeds: dict = {}
    recipes: dict = {}
    for _, _, chain, _, seed in trainings(part_of(SHIPPED, make_task(name), "seeds")):
        seeds.setdefault(chain, set()).add(seed)
    for _, _, chain, fidelity, seed in trainings(part_of(SHIPPED, make_task(name), "final")):
        recipes.setdefault((chain, seed), []).append(fidelity)
    assert len(seeds) >= 60
    assert {len(each) for each in seeds.values()} == {3}
    assert len(recipes) == 40
    assert all(each == [RECIPES[how][name] for how in ("search", "final")] for each in recipes.values())


def test_networks_drawn_alone_are_all_different():
    for name in ("classification", "detection", "segmentation"):
        chains = [each.chain for each in trainings(part_of(SHIPPED, make_task(name), "alone"))]
        assert len(set(chains)) == len(chains) == DRAWN["alone"].cells


def test_cells_that_stand_are_repeated_first_and_others_from_all_over_the_part():
    cells = np.repeat(np.arange(20), 8)
    genotypes = [f"{cell} {number}" for cell, number in zip(cells, np.tile(np.arange(8), 20), strict=True)]
    design = pd.DataFrame({"part": "cells", "cell": cells, "space": "toy", "genotype": genotypes, "seed": cells * 1000})
    trained = {("toy", genotype): {0} for cell, genotype in zip(cells, genotypes, strict=True) if cell < 10}
    trained |= {key: {0, 100, 200} for key in trained if key[1].startswith("7 ")}
    rows = repeated_rows(design, trained)
    assert rows["cell"].nunique() == 8
    assert rows["cell"].tolist()[0] == 7
    assert {0, 9} < set(rows["cell"]) < set(range(10))
    assert rows.groupby("genotype")["seed"].nunique().unique().tolist() == [3]


def test_an_accelerator_is_not_asked_again_for_what_the_table_has():
    task = make_task("detection")
    wanted = part_of(SHIPPED, task, "seeds")
    left = lacking(SHIPPED, task, wanted)
    # cells whose networks had three seeds were chosen first
    assert 0 < sum(len(each.cell.seeds) for each in left) < sum(len(each.cell.seeds) for each in wanted)
    for each in left:
        assert all(len(part) == len(each.cell.seeds) for part in (each.cell.genotypes, each.cell.chains))


def test_a_sweep_is_the_baseline_by_each_recipe_and_rate():
    asked = list(trainings(part_of(SHIPPED, make_task("detection"), "sweep")))
    assert len({each.chain for each in asked}) == 1
    assert len({(each.fidelity, each.seed) for each in asked}) == len(asked) == 30
    assert {each.fidelity.peak_learning_rate for each in asked} == {0.0025, 0.005, 0.01, 0.02, 0.04, 0.08}


def test_a_design_that_there_is_is_not_drawn_again_and_an_unknown_part_is_named():
    task = make_task("detection")
    with pytest.raises(BenchmarkInputError, match=r"detection\.csv is drawn already"):
        write_design(SHIPPED, task)
    with pytest.raises(BenchmarkInputError, match=r"unknown part 'none'; allowed: cells, alone, kinds, seeds, final"):
        part_of(SHIPPED, task, "none")


@pytest.mark.parametrize("part", ["", "curse"])
def test_a_task_that_lacks_nothing_does_not_keep_the_others_from_being_drawn(part, tmp_path, monkeypatch):
    def draw(results, task):
        name = task if part else task.name
        if name in drawn:
            raise BenchmarkInputError(f"{name} is drawn")
        return 7

    draws = "benchmarks.tables.winners.write_winners" if part else "benchmarks.tables.parts.write_design"
    monkeypatch.setattr(draws, draw)
    command = ("table", "design", "--part", part, "--results", tmp_path)
    lacking, *drawn = SEARCH
    file = winners_file(tmp_path, lacking) if part else design_file(tmp_path, lacking)
    code, printed, errors = accelnas(*command)
    assert (code, printed) == (0, f"7 trainings in {file}\n")
    assert errors.splitlines() == [f"accelnas: {name} is drawn" for name in drawn]
    drawn.append(lacking)
    code, printed, errors = accelnas(*command)
    assert (code, printed) == (2, "")
    assert sorted(errors.splitlines()) == sorted(f"accelnas: {name} is drawn" for name in drawn)


def test_networks_of_a_cell_differ_in_their_channels_alone():
    cells = draw_cells(SPACE, 20, 6, jax.random.key(0), skewed)
    assert cells.shape == (20, 6, 3)
    assert (cells[:, :, 1] == cells[:, :1, 1]).all()
    assert all(len(np.unique(cell, axis=0)) == 6 for cell in cells)


def test_networks_of_a_cell_that_share_their_kinds_differ_in_all_else():
    cells = draw_cells(SPACE, 40, 6, jax.random.key(0), skewed, "all but kinds")
    kinds = np.array([0, 0, 1, 2])[cells[:, :, 1]]  # ibn_6 and ibn_3 are one kind
    assert (kinds == kinds[:, :1]).all()
    assert any(len(np.unique(cell[:, 1])) > 1 for cell in cells)


def test_cells_are_spread_over_the_range_of_latency_more_evenly_than_chance_would():
    def counts(cells):
        level = np.log(skewed(cells.reshape(-1, 3))).reshape(len(cells), -1).mean(1)
        return np.histogram(level, bins=4)[0]

    stratified = counts(draw_cells(SPACE, 40, 6, jax.random.key(1), skewed))
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 4, 40)
    uniform = np.stack(
        [rng.integers(0, 32, (40, 6)), np.repeat(kinds[:, None], 6, 1), rng.integers(0, 32, (40, 6))], -1
    )
    assert stratified.max() < counts(uniform).max()


def test_the_same_key_draws_the_same_cells():
    first, again, other = (draw_cells(SPACE, 5, 3, jax.random.key(key), skewed) for key in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("networks", [1, 7])
def test_a_space_of_few_channels_repeats_its_networks_rather_than_failing(networks):
    small = SearchSpace(
        "small",
        (Decision("channels_stem", (8, 16)), Decision("block_1_1", ("ibn_6", "conv"))),
        (Layer("conv", "channels_stem", stride=2), Layer("block_1_1", 8)),
        32,
    )
    cells = draw_cells(small, 2, networks, jax.random.key(0), lambda g: 1.0 + g[:, 0])
    assert cells.shape == (2, networks, 2)
    assert all(len(np.unique(cell, axis=0)) == min(networks, 2) for cell in cells)
