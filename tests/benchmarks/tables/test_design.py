"""The design of the trained tables: cells that share all but channels, spread over latency, the same every time."""

from pathlib import Path

import jax
import numpy as np
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.parquet import read_records
from benchmarks.store.records import Trial
from benchmarks.tables.build import networks, table_file, table_task
from benchmarks.tables.design import PARTS, draw_cells, read_design, write_design
from tasks.spaces.layer import Decision, Layer
from tasks.spaces.space import SearchSpace

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


RESULTS = Path("results")
# repeats of a cell with other seeds add this to the design's, once and twice
REPEAT = 100


@pytest.mark.parametrize("name", ["classification", "detection", "segmentation"])
def test_what_is_trained_is_of_the_design(name):
    task = table_task(name)
    designed = {}
    for part in PARTS:
        for space, genotype, _, seed in networks(read_design(RESULTS, task, part)):
            assert seed not in designed
            designed[seed] = space, genotype
    for trial in read_records(table_file(RESULTS, name), Trial):
        seed = trial.key.seed
        seed = seed if seed in designed else seed - seed % 1_000 // REPEAT * REPEAT
        assert designed[seed] == (trial.space, trial.genotype)


def test_networks_drawn_alone_are_all_different():
    for name in ("classification", "detection", "segmentation"):
        chains = [chain for _, _, chain, _ in networks(read_design(RESULTS, table_task(name), "alone"))]
        assert len(set(chains)) == len(chains) == PARTS["alone"].cells


def test_a_design_that_there_is_is_not_drawn_again_and_an_unknown_part_is_named():
    task = table_task("detection")
    with pytest.raises(BenchmarkInputError, match=r"detection\.csv is drawn already"):
        write_design(RESULTS, task)
    with pytest.raises(BenchmarkInputError, match=r"unknown part 'none'; allowed: cells, alone, kinds"):
        read_design(RESULTS, task, "none")


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
