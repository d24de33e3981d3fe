"""The shipped tables asked for single networks, and for many inside jit."""

import re
from dataclasses import asdict

import jax
import numpy as np
import pytest

import accelnas
from benchmarks.errors import BenchmarkInputError
from benchmarks.store.keys import canonical_json
from benchmarks.tables.query import load_table
from hw_model.predict import predict
from tasks.errors import TaskInputError
from tasks.registry import make_task
from tasks.spaces.registry import skeleton_for
from tasks.spaces.skeleton import space_over


@pytest.fixture(scope="module")
def table():
    return load_table("detection", "V3")


def test_a_trained_network_has_its_own_quality_and_another_is_predicted_with_a_wider_error(table):
    trained = next(
        genotype
        for genotype in np.ndindex(*table.space.cardinalities)
        if canonical_json([asdict(block) for block in table.space.decode(genotype)]) in table.trained
    )
    known = table.query(trained, "ethos-u65-512")
    blocks = table.space.decode(trained)
    qualities = table.trained[canonical_json([asdict(block) for block in blocks])]
    assert (known.quality, known.trained) == (pytest.approx(np.mean(qualities)), len(qualities))
    assert known.cost.latency_ms == pytest.approx(predict(blocks, "ethos-u65-512").cost.latency_ms, rel=1e-3)
    answers = jax.jit(table.answers("ethos-u65-512"))(np.array([trained, trained], np.int32))
    assert answers.trained.tolist() == [0, 0]
    assert float(answers.quality[0]) == pytest.approx(known.quality, abs=4 * float(answers.std[0]))
    assert known.std < float(answers.std[0])


def test_a_small_space_is_looked_up_as_it_is_asked_one_by_one_and_inside_jit():
    table = load_table("detection", "V1")
    genotypes = np.arange(6, dtype=np.int32)[:, None]
    asked = [table.query(genotype, "ethos-u65-512") for genotype in genotypes.tolist()]
    assert {answer.trained > 0 for answer in asked} == {True, False}
    answers = table.tabulated("ethos-u65-512")
    one_by_one = [answers(genotype) for genotype in genotypes]
    inside = jax.jit(jax.vmap(answers))(genotypes[::-1].reshape(2, 3, 1))
    for found in (jax.tree.map(lambda *each: np.array(each), *one_by_one), answers(genotypes)):
        for value, known in zip(jax.tree.leaves(found), zip(*map(jax.tree.leaves, asked), strict=True), strict=True):
            np.testing.assert_allclose(value, known, rtol=1e-4)
    reverse = jax.tree.map(lambda value: np.asarray(value).reshape(-1)[::-1], inside)
    jax.tree.map(np.testing.assert_array_equal, reverse, answers(genotypes))


def test_a_space_of_too_many_genotypes_is_not_tabulated():
    with pytest.raises(BenchmarkInputError, match=r"space \S+ has \d+ genotypes; allowed to tabulate: 200000"):
        load_table("detection").tabulated("ethos-u65-512")


def test_spaces_agree_about_the_network_that_they_share(table):
    largest = accelnas.load_table("detection")
    genotype = (0,) * len(table.space.cardinalities)
    same = largest.space.encode(table.space.effective(genotype))
    assert largest.query(same, "ethos-u55-256").quality == pytest.approx(
        table.query(genotype, "ethos-u55-256").quality, abs=1e-5
    )


def test_what_there_is_not_is_named(table):
    with pytest.raises(BenchmarkInputError, match="unknown space 'V9' of detection; allowed: uncurated, curated-8"):
        load_table("detection", "V9")
    with pytest.raises(TaskInputError, match="poetry"):
        load_table("poetry")
    with pytest.raises(TaskInputError, match="it needs"):
        table.query((0,), "ethos-u65-512")


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        ({"channels_1": (16, 400)}, "block_1_1 has channels 400, which no trained network has; allowed: 4 to 24"),
        ({"channels_stem": (16, 2)}, "conv has channels 2, which no trained network has; allowed: 4 to 24"),
        ({"width_multiplier": (1.0, 2.0)}, "conv has channels 32, which no trained network has; allowed: 4 to 24"),
        ({"kernel_3": (3, 7)}, "block_3_1 has kernels of 7, which no trained network has; allowed: 3, 5"),
        ({"block_2_2": ("ibn_6", "ibn_4")}, "block_2_2 is ibn_4, which no trained network has; allowed: ibn_6, ibn_3"),
    ],
)
def test_a_space_with_choices_beyond_what_was_trained_is_refused(choices, told):
    task = make_task("detection")
    space = space_over(skeleton_for(task), "own", choices, task.output_channels)
    with pytest.raises(BenchmarkInputError, match=f"space own: {told}"):
        load_table("detection", space)


def test_a_space_of_other_images_is_refused():
    task = make_task("segmentation")
    space = space_over(skeleton_for(task), "own", {"input_side": (96, 128)}, task.output_channels)
    with pytest.raises(
        BenchmarkInputError, match="input_side is 128, which no trained network has; allowed: 96, 80, 64"
    ):
        load_table("segmentation", space)


def test_a_table_says_in_a_line_what_it_is(table):
    assert re.fullmatch(r"TrainedTable\(detection, space \S+, \d+ trained networks\)", repr(table))
