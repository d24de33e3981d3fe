"""Networks spread over a space, and what becomes of images that a network takes larger."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from benchmarks.fidelities import get_fidelity, on_test
from benchmarks.problem import (
    baseline_blocks,
    check_compiles,
    examples_note,
    reach_note,
    size_note,
    spread_architectures,
)
from hw_model.cost import count_macs
from hw_model.errors import HardwareInputError
from tasks.detection.head import read_output
from tasks.registry import make_task
from tasks.spaces.layer import Decision, Layer
from tasks.spaces.registry import SKELETONS
from tasks.spaces.skeleton import curated_space
from tasks.spaces.space import SearchSpace
from tests.tasks.data.user.generated import write_folder


def test_architectures_cover_the_sizes_of_the_space():
    space = curated_space(SKELETONS["classification"], 10, 8)
    chosen = spread_architectures(space, 12, jax.random.key(0))
    macs = [count_macs(space.decode(genotype)) for genotype in chosen]
    assert len(set(chosen)) == 12
    assert macs == sorted(macs)
    assert macs[-1] > 4 * macs[0]


def test_it_is_said_where_images_are_enlarged_for_a_network_and_not_where_they_are_reduced():
    task = make_task("detection")
    blocks = baseline_blocks(task)
    assert size_note(blocks, task) == ""
    assert size_note((replace(blocks[0], height=64, width=64),), task) == ""
    larger = size_note((replace(blocks[0], height=96, width=224),), task)
    assert larger == f"{task.dataset}: images of 96 x 96 are enlarged to 96 x 224"


def test_it_is_said_where_a_detectors_cells_are_too_small_for_the_largest_boxes():
    task = make_task("detection")
    last = baseline_blocks(task)[-1]
    lasts = [replace(last, height=height, width=width) for height, width in ((12, 12), (32, 32), (24, 64))]
    assert reach_note(lasts[:2], task) == reach_note(lasts, make_task("segmentation")) == ""
    note = reach_note(lasts, task)
    assert note == (
        "an output of 24 x 64 cells, of which boxes are 32 high and wide at most: 100% of an image's height, 50% of "
        "its width"
    )
    output = np.full((1, 24, 64, task.output_channels), 99.0, np.float32)  # as far as its channels say anything
    top, left, bottom, right = np.moveaxis(np.asarray(read_output(output).boxes), -1, 0)
    assert ((bottom - top).max(), (right - left).max()) == (1.0, 0.5)


def test_it_is_said_where_a_profile_uses_some_of_a_users_images(tmp_path):
    write_folder(tmp_path / "shapes", 60)
    task = make_task("classification", f"folder:{tmp_path}/shapes?side=16")
    fidelity = replace(get_fidelity("classification", "smoke"), train_examples=20)
    assert examples_note(task, get_fidelity("classification", "smoke")) == ""
    note = examples_note(task, on_test(fidelity))
    assert "uses 20 of 42 train images and 9 of 9 test images" in note
    assert examples_note(make_task("detection"), get_fidelity("detection", "smoke")) == ""


def test_a_block_of_a_users_space_that_the_compiler_refuses_is_named_before_any_training(tmp_path):
    task = make_task("segmentation")

    def space(stride):
        layers = (
            Layer("conv", "width", stride=stride),
            Layer("upsample", "width", stride=stride),
            Layer("conv", task.output_channels, kernel=1, activation=False),
        )
        return SearchSpace("mine", (Decision("width", (8, 16)),), layers, input_side=96)

    check_compiles(space(2), "ethos-u55-256")
    check_compiles(space(3), "npu-p32")
    with pytest.raises(HardwareInputError, match="space 'mine': ethos-u55-256 does not run upsample"):
        check_compiles(space(3), "ethos-u55-256")
