"""Training: it learns, repeats bit for bit, and reports what cannot be trained."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hw_model.blocks import Block
from tasks.detection.task import DetectionTask
from tasks.fidelity import Fidelity
from tasks.training import DivergedError, batch_order, learning_rates, predict, train, training_flops

BLOCKS = (
    Block("conv", 16, 16, 3, 8, stride=2),
    Block("ibn", 8, 8, 8, 8, stride=2, expansion=2),
    Block("conv", 4, 4, 8, 5, kernel=1, activation=False),
)
FIDELITY = Fidelity("tiny", 32, 32 * 25, "validation", 8, batch_size=16)


def squares(count):
    """A white square of 6 pixels somewhere on black in each image; the box says where."""
    generator = np.random.default_rng(0)
    images, boxes = np.zeros((count, 16, 16, 3), np.uint8), np.zeros((count, 4, 4), np.float32)
    for index in range(count):
        y, x = generator.integers(0, 10, 2)
        images[index, y : y + 6, x : x + 6] = 255
        boxes[index, 0] = np.array([y, x, y + 6, x + 6]) / 16
    labels = np.full((count, 4), -1, np.int32)
    labels[:, 0] = 0
    return {"images": images, "boxes": boxes, "labels": labels}


def loss_of(state, data):
    network_output = {}

    class Spy(DetectionTask):
        def predict(self, output):
            return output

    network_output = predict(BLOCKS, Spy(), state, data["images"])
    batch = {name: jnp.asarray(data[name]) for name in ("boxes", "labels")}
    return float(DetectionTask().loss(jnp.asarray(network_output), batch))


def test_training_learns_and_is_deterministic_bit_for_bit():
    data, reports = squares(32), []
    first = train(BLOCKS, DetectionTask(), data, FIDELITY, jax.random.key(1), reports.append)
    second = train(BLOCKS, DetectionTask(), data, FIDELITY, jax.random.key(1))
    jax.tree.map(np.testing.assert_array_equal, first, second)
    short = train(BLOCKS, DetectionTask(), data, dataclasses.replace(FIDELITY, example_passes=16), jax.random.key(1))
    assert loss_of(first, data) < 0.7 * loss_of(short, data)
    assert reports == [0.5, 1.0]


def test_a_diverging_training_says_at_which_step():
    hopeless = dataclasses.replace(FIDELITY, peak_learning_rate=1e30)
    with pytest.raises(DivergedError, match=r"not finite at step \d+ of 50"):
        train(BLOCKS, DetectionTask(), squares(32), hopeless, jax.random.key(0))


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
    # forward MACs: stem 8*8*27*8, ibn 8*8*8*16 + 4*4*9*16 + 4*4*16*8, output 4*4*8*5; three times two each
    macs = 13_824 + 8_192 + 2_304 + 2_048 + 640
    assert training_flops(BLOCKS, FIDELITY) == 3 * 2 * macs * 800


def test_prediction_of_a_part_batch_equals_that_of_the_whole():
    data = squares(12)
    state = train(BLOCKS, DetectionTask(), data, dataclasses.replace(FIDELITY, example_passes=16), jax.random.key(2))
    whole = predict(BLOCKS, DetectionTask(), state, data["images"])
    part = predict(BLOCKS, DetectionTask(), state, data["images"][:5])
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(a[:5], b), whole, part)
