"""Training, for every task: it learns, repeats bit for bit, and reports what cannot be trained."""

import dataclasses
import math

import jax
import numpy as np
import pytest

from benchmarks.evaluators.trained import TrialJob, run_trial, trial_key
from benchmarks.runtime.worker_data import WorkerData
from hw_model.blocks import Block
from tasks import training
from tasks.data.labelled import LabelledImages
from tasks.data.scenes import IGNORED, empty_scenes
from tasks.data.settings import SPLITS
from tasks.errors import TaskInputError
from tasks.fidelity import Fidelity
from tasks.registry import TASKS, make_task
from tasks.training import DivergedError, batch_order, fit_images, learning_rates, predict, train, training_flops

FIDELITY = Fidelity("tiny", 32, 32 * 25, "validation", 16, batch_size=16)
# what the networks below must reach in 50 steps, and what the best answer that ignores the image gets
GOOD = {"classification": 0.6, "detection": 0.1, "segmentation": 0.75}


def network(task):
    """A few blocks on images of 16 x 16, whatever size the data have."""
    channels = task.output_channels
    encoder = (Block("conv", 16, 16, task.channels, 8, stride=2), Block("ibn", 8, 8, 8, 8, stride=2, expansion=2))
    if task.name == "detection":
        return (*encoder, Block("conv", 4, 4, 8, channels, kernel=1, activation=False))
    if task.name == "classification":
        pool = Block("global_pool", 4, 4, 8, 8)
        return (*encoder, pool, Block("conv", 1, 1, 8, channels, kernel=1, activation=False))
    up = Block("upsample", 4, 4, 8, 8, stride=2)
    return (*encoder, up, Block("conv", 8, 8, 8, channels, kernel=1, activation=False))


def squares(count):
    """A white square of 36 pixels somewhere on black in each scene."""
    generator, scenes = np.random.default_rng(0), empty_scenes(count)
    scenes.images[:], scenes.instances[:], scenes.ids[:] = 0, 0, np.arange(count)
    scenes.labels[:, 0] = 0
    for index in range(count):
        y, x = generator.integers(0, 60, 2)
        scenes.images[index, y : y + 36, x : x + 36] = 255
        scenes.instances[index, y : y + 36, x : x + 36] = 1
        scenes.boxes[index, 0] = np.array([y, x, y + 36, x + 36]) / 96
    return scenes


def shades(count, channels=3):
    """Two classes: white at the top or at the bottom."""
    labels = (np.arange(count) % 2).astype(np.int32)
    images = np.zeros((count, 28, 28, channels), np.uint8)
    images[labels == 0, :14], images[labels == 1, 14:] = 255, 255
    return LabelledImages(images, labels, np.arange(count))


def examples(task, count):
    return shades(count, task.channels) if task.name == "classification" else squares(count)


@pytest.fixture(params=TASKS)
def task(request):
    return make_task(request.param)


def trial(task, data, fidelity=FIDELITY, blocks=None):
    blocks = blocks or network(task)
    splits = {("tiny", "train"): data, ("tiny", "validation"): data}
    reports = []
    job = TrialJob(trial_key(task, blocks, fidelity, 1), blocks, fidelity, seed=1)
    return run_trial(WorkerData(task, splits), job, reports.append), reports


def test_training_learns_and_is_deterministic_bit_for_bit(task):
    data = examples(task, 32)
    done, reports = trial(task, data)
    assert reports == [0.5, 1.0]
    assert done.state == "done"
    assert done.quality[task.metric] > GOOD[task.name]
    first, second = (train(network(task), task, task.arrays(data), FIDELITY, jax.random.key(1)) for _ in range(2))
    jax.tree.map(np.testing.assert_array_equal, first, second)
    # a part of a batch is predicted as the whole is; to the last bit up to jax 0.10, to the last two with 0.12
    whole, part = (predict(network(task), task, first, data.images[:count]) for count in (12, 5))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a[:5], b, rtol=1e-5, atol=1e-6), whole, part)
    # the trial evaluates the first 16 examples
    evaluated = data.take(slice(0, 16))
    assert task.quality(evaluated, predict(network(task), task, first, evaluated.images)) == done.quality


def test_a_worker_that_has_other_data_than_were_asked_for_trains_nothing():
    task = make_task("classification")
    blocks, data = network(task), shades(32)
    key = dataclasses.replace(trial_key(task, blocks, FIDELITY, 1), data_version="another")
    state = WorkerData(task, {("tiny", "train"): data, ("tiny", "validation"): data})
    with pytest.raises(TaskInputError, match="where it is trained on, and another where that is asked for"):
        run_trial(state, TrialJob(key, blocks, FIDELITY, seed=1), lambda _: None)


def test_images_on_disk_train_as_those_in_memory_do(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "STEPS_PER_CALL", 2)  # of 16 images, as many as there are: one compilation for both
    task, four = make_task("classification"), dataclasses.replace(FIDELITY, example_passes=16 * 4)
    data = task.arrays(shades(32))
    np.save(tmp_path / "images.npy", data["images"])
    states = [
        train(network(task), task, data | {"images": images}, four, jax.random.key(0))
        for images in (data["images"], np.load(tmp_path / "images.npy", mmap_mode="r"))
    ]
    jax.tree.map(np.testing.assert_array_equal, *states)


def test_a_diverging_training_is_a_failed_trial_that_says_at_which_step(task):
    hopeless = dataclasses.replace(FIDELITY, peak_learning_rate=1e30)
    failed, _ = trial(task, examples(task, 32), hopeless)
    assert failed.state == "failed"
    assert "not finite at step" in failed.error
    assert failed.quality == {}


def test_a_last_update_that_is_not_finite_is_no_training_either():
    # one step from a sound start: its loss is finite, only the update is not
    once = dataclasses.replace(FIDELITY, example_passes=16, peak_learning_rate=float("inf"))
    task = make_task("classification")
    with pytest.raises(DivergedError, match="parameters are not finite after step 0 of 1"):
        train(network(task), task, task.arrays(shades(16)), once, jax.random.key(0))


def hard_batches(task):
    """Batches of two examples of equal shapes by what is hard about them."""
    if task.name == "classification":
        return {
            "all classes but one absent": {"labels": np.full(2, 3, np.int32)},
            "two of ten": {"labels": np.array([0, 9], np.int32)},
        }
    boxes, labels = np.zeros((2, 4, 4), np.float32), np.full((2, 4), -1, np.int32)
    masks = np.zeros((2, 96, 96), np.uint8)
    nothing = {"boxes": boxes, "labels": labels, "masks": masks}
    pixel = jax.tree.map(np.copy, nothing)
    pixel["boxes"][1, 0], pixel["labels"][1, 0], pixel["masks"][1, 95, 0] = (95 / 96, 0, 1, 1 / 96), 0, 1
    empty = jax.tree.map(np.copy, pixel)
    empty["boxes"][1, 0] = (0.5, 0.5, 0.5, 0.5)
    empty["masks"][:] = IGNORED
    return {"no objects": nothing, "one pixel": pixel, "a box without area, no known pixel": empty}


@pytest.mark.parametrize("classes", ["all alike", "told apart"])
def test_loss_and_gradient_are_finite_for_hard_batches_and_extreme_outputs(task, classes):
    if classes == "told apart":
        task = dataclasses.replace(task, classes=10)
    shape = (2, *((1, 1) if task.name == "classification" else (12, 12)), task.output_channels)
    step = jax.jit(jax.value_and_grad(task.loss))
    for what, batch in hard_batches(task).items():
        for scale in (0.0, 1.0, 1e4):
            value, gradient = step(scale * jax.random.normal(jax.random.key(0), shape), batch)
            assert np.isfinite(value), (what, scale)
            assert np.isfinite(gradient).all(), (what, scale)


def test_data_without_any_object_train_and_say_that_quality_is_undefined():
    scenes = squares(16)
    scenes.boxes[:], scenes.labels[:], scenes.instances[:] = 0, -1, 0
    once = dataclasses.replace(FIDELITY, train_examples=16, example_passes=16)
    detection, _ = trial(make_task("detection"), scenes, once)
    assert detection.error == "map is nan, map50 is nan"
    segmentation, _ = trial(make_task("segmentation"), scenes, once)
    assert segmentation.state == "done"  # background is a class like any other
    scenes.instances[:] = IGNORED
    unknown = make_task("segmentation").quality(scenes.take(slice(None)), np.zeros((16, 96, 96), np.uint8))
    assert math.isnan(unknown["miou"])


def test_trial_keys_tell_tasks_classes_and_data_sets_apart():
    blocks = (Block("conv", 8, 8, 3, 4),)

    def key(*arguments):
        return trial_key(make_task(*arguments), blocks, FIDELITY, 0)

    assert [key("detection", None, classes).task for classes in (1, 10)] == ["detection-1", "detection-10"]
    versions = key("detection").data_version, key("detection", "photo_objects").data_version
    assert versions[0].startswith("fashion_scenes-")
    assert versions[0].count("-") == len(SPLITS)
    assert versions[1].startswith("photo_objects-")
    digests = {
        key(name, *rest).digest for name in TASKS for rest in ((), ("photo_objects",)) if name != "classification"
    }
    assert len(digests) == 4


def test_unknown_tasks_data_sets_and_classes_are_named():
    with pytest.raises(TaskInputError, match="unknown task 'pose'; allowed: classification, detection, segmentation"):
        make_task("pose")
    with pytest.raises(TaskInputError, match="'imagenet'"):
        make_task("detection", "imagenet")
    with pytest.raises(TaskInputError, match="segmentation on fashion_scenes into 3 classes; allowed: 1, 10"):
        make_task("segmentation", classes=3)
    with pytest.raises(TaskInputError, match="classification on fashion_objects into 1 classes; allowed: 10"):
        make_task("classification", classes=1)


def test_images_come_in_the_size_of_the_first_block():
    images = np.full((2, 20, 24, 1), 7, np.uint8)
    assert fit_images((Block("conv", 9, 12, 1, 4),), images).tolist() == np.full((2, 9, 12, 1), 7).tolist()
    assert fit_images((Block("conv", 20, 24, 1, 4),), images) is images
    with pytest.raises(TaskInputError, match="images have 1 channels; the network takes 3"):
        fit_images((Block("conv", 20, 24, 3, 4),), images)


def test_batches_go_through_all_examples_before_any_comes_again():
    order = batch_order(jax.random.key(0), examples=10, batch_size=4, steps=5).ravel()
    assert sorted(order[:10]) == list(range(10)) == sorted(order[10:])
    assert order[:10].tolist() != order[10:].tolist()


def test_the_learning_rate_rises_to_its_peak_and_falls_to_zero():
    rates = learning_rates(FIDELITY)
    assert len(rates) == FIDELITY.steps == 50
    assert rates.max() == pytest.approx(FIDELITY.peak_learning_rate)
    assert int(rates.argmax()) in (4, 5)  # a tenth of the steps
    assert rates[-1] < 0.01 * FIDELITY.peak_learning_rate


def test_training_flops_by_hand():
    # forward MACs: stem 8*8*27*8, ibn 8*8*8*16 + 4*4*9*16 + 4*4*16*8, output of detection 4*4*8*5; three times two each
    encoder = 13_824 + 8_192 + 2_304 + 2_048
    flops = training_flops(network(make_task("detection")), FIDELITY)
    assert flops == 3 * 2 * (encoder + 640) * 800
    # upsampling and pooling count none; output of segmentation 8*8*8*2, of classification 8*10
    assert training_flops(network(make_task("segmentation")), FIDELITY) == 3 * 2 * (encoder + 1_024) * 800
    classified = training_flops(network(make_task("classification")), FIDELITY)
    assert classified == 3 * 2 * (encoder + 80) * 800
