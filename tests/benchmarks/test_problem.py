"""Networks spread over a space, and what becomes of images that a network takes larger."""

from dataclasses import replace

import jax

from benchmarks.fidelities import get_fidelity, on_test
from benchmarks.problem import baseline_blocks, examples_note, size_note, spread_architectures
from hw_model.cost import count_macs
from tasks.registry import make_task
from tasks.spaces.registry import SKELETONS
from tasks.spaces.skeleton import curated_space
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


def test_it_is_said_where_a_profile_uses_some_of_a_users_images(tmp_path):
    write_folder(tmp_path / "shapes", 60)
    task = make_task("classification", f"folder:{tmp_path}/shapes?side=16")
    fidelity = replace(get_fidelity("classification", "smoke"), train_examples=20)
    assert examples_note(task, get_fidelity("classification", "smoke")) == ""
    note = examples_note(task, on_test(fidelity))
    assert "uses 20 of 42 train images and 9 of 9 test images" in note
    assert examples_note(make_task("detection"), get_fidelity("detection", "smoke")) == ""
