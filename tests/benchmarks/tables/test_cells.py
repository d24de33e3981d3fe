"""The design of trained tables: balanced exactly, spread over latency, the same every time."""

from collections import Counter

import jax
import numpy as np
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.tables.cells import CELL, draw_cell, draw_design, table_space
from hw_model.npu.model import NPUS, npu_estimate
from tasks.errors import TaskInputError
from tasks.registry import make_task
from tasks.spaces.lowering import MULTIPLIER
from tasks.spaces.moves import sample
from tasks.spaces.registry import SKELETONS, skeleton_for

SPACES = ("uncurated", "curated-8", "curated-16")
ARTICLE = {"detection": ("V1", "V2", "V3"), "segmentation": ("channels", "fusion", "sides", "article")}
NPU = jax.jit(lambda workload: npu_estimate(NPUS["npu-p16"], workload))


def latency_ms(workload):
    return NPU(workload).cost.latency_ms


@pytest.fixture(scope="module", params=SKELETONS)
def drawn(request):
    """A task, and two cells from each of its large spaces."""
    task = make_task(request.param)
    return task, draw_design(task, SPACES, 2 * len(SPACES), jax.random.key(0), latency_ms)


def columns(task, genotypes, space="uncurated"):
    decisions = table_space(task, space).decisions
    return {d.name: np.array(d.choices)[c] for d, c in zip(decisions, genotypes.T, strict=True)}


def test_every_cell_is_balanced_exactly(drawn):
    task, design = drawn
    skeleton = skeleton_for(task)
    pairs = {(layers, kernel) for layers in range(1, 4) for kernel in skeleton.kernels}
    assert len(design.spaces) == 6
    assert np.bincount(design.cells).tolist() == [CELL] * 6
    for number in range(6):
        cell = columns(task, design.genotypes[design.cells == number])
        for stage in range(1, len(skeleton.stages) + 1):
            of = list(zip(cell[f"layers_{stage}"].tolist(), cell[f"kernel_{stage}"].tolist(), strict=True))
            assert Counter(of) == dict.fromkeys(pairs, 10)
            for pair in pairs:
                rows = np.array([each == pair for each in of])
                for place in range(1, 4):
                    kinds = Counter(cell[f"block_{stage}_{place}"][rows].tolist())
                    assert kinds == dict.fromkeys(skeleton.blocks, 2)
        for step in range(1, len(skeleton.decoder_channels) + 1):
            assert Counter(cell[f"block_up_{step}"].tolist()) == dict.fromkeys(skeleton.blocks, 12)


def test_places_and_stages_do_not_share_an_order(drawn):
    task, design = drawn
    names = [n for n in columns(task, design.genotypes) if n.startswith(("block", "layers", "kernel"))]
    cell = columns(task, design.genotypes[:CELL])
    coded = np.array([np.unique(cell[name], return_inverse=True)[1] for name in names], float)
    correlation = np.corrcoef(coded) - np.eye(len(names))
    # of 60 independent draws a correlation has a standard deviation of .13
    assert np.abs(correlation).max() < 0.6
    assert np.abs(correlation).mean() < 0.16


def test_all_networks_differ_and_are_of_the_space_they_are_said_to_be_drawn_from(drawn):
    task, design = drawn
    assert design.spaces == SPACES * 2
    uncurated = table_space(task, "uncurated")
    assert len({uncurated.decode(genotype) for genotype in design.genotypes.tolist()}) == len(design.genotypes)
    for number, space in enumerate(design.spaces):
        factor = int(space.removeprefix("curated-")) if space != "uncurated" else 1
        cell = columns(task, design.genotypes[design.cells == number])
        for name in skeleton_for(task).channels:
            assert (cell[name] % factor == 0).all()


def test_a_cell_has_one_size_and_cells_take_turns():
    task = make_task("segmentation")
    design = draw_design(task, ("uncurated", "article"), 18, jax.random.key(1), latency_ms)
    for space in range(2):
        sizes = []
        for number in range(space, 18, 2):
            cell = columns(task, design.genotypes[design.cells == number])
            (size,) = set(zip(cell["input_side"].tolist(), cell["output_stride"].tolist(), strict=True))
            sizes.append(size)
        assert len(set(sizes)) == 9


@pytest.mark.parametrize(("task", "space"), [(task, space) for task, spaces in ARTICLE.items() for space in spaces])
def test_the_articles_spaces_have_each_kind_at_each_place_equally_often(task, space):
    made = table_space(make_task(task), space)
    held = {d.name: 0 for d in made.decisions if d.name in ("input_side", "output_stride")}
    cell = draw_cell(made, held, np.random.default_rng(0), latency_ms)
    assert cell.shape == (CELL, len(made.decisions))
    for column, decision in zip(cell.T, made.decisions, strict=True):
        assert (column < len(decision.choices)).all()
        if decision.name.startswith("block"):
            assert np.bincount(column).tolist() == [20, 20, 20]


@pytest.mark.parametrize("space", ["uncurated", "curated-8"])
def test_latency_is_spread_wider_than_by_chance(space):
    made = table_space(make_task("detection"), space)
    cells = [draw_cell(made, {}, np.random.default_rng(seed), latency_ms) for seed in range(5)]
    chance = np.array(sample(jax.random.key(0), made.cardinalities, 5 * CELL))
    spread, by_chance = (np.log(latency_ms(made.lower(g))).std() for g in (np.concatenate(cells), chance))
    assert spread > 1.15 * by_chance


def test_every_choice_of_channels_is_drawn_about_equally_often():
    made = table_space(make_task("detection"), "curated-8")
    cells = np.concatenate([draw_cell(made, {}, np.random.default_rng(seed), latency_ms) for seed in range(20)])
    for column, decision in zip(cells.T, made.decisions, strict=True):
        if decision.name == MULTIPLIER or decision.name.startswith("channels"):
            share = np.bincount(column, minlength=len(decision.choices)) / len(column) * len(decision.choices)
            assert (abs(share - 1) < 0.25).all(), (decision.name, share)


def test_the_same_key_draws_the_same_and_more_cells_begin_with_fewer():
    task = make_task("classification")
    few, many, other = (
        draw_design(task, SPACES, cells, jax.random.key(key), latency_ms) for cells, key in ((2, 3), (4, 3), (2, 4))
    )
    np.testing.assert_array_equal(few.genotypes, many.genotypes[: 2 * CELL])
    assert few.spaces == many.spaces[:2]
    assert (few.genotypes != other.genotypes).any()


def test_what_cannot_be_drawn_is_named(monkeypatch):
    with pytest.raises(TaskInputError, match="unknown space 'V9' for detection; allowed: V1, V2, V3"):
        draw_design(make_task("detection"), ("V9",), 1, jax.random.key(0), latency_ms)
    monkeypatch.setattr("benchmarks.tables.cells.CELL", 50)
    with pytest.raises(BenchmarkInputError, match="a cell of 50 networks cannot hold 6 pairs of layers and kernel"):
        draw_design(make_task("detection"), ("uncurated",), 1, jax.random.key(0), latency_ms)
