"""Classification: loss and metrics against values worked out by hand; augmentation keeps the image."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tasks.augmentation import mirrored, shifted
from tasks.classification.task import Classification, ClassificationTask
from tasks.data.labelled import LabelledImages
from tasks.errors import TaskInputError
from tasks.registry import make_task


def labelled(labels):
    labels = np.array(labels, np.int32)
    return LabelledImages(np.zeros((len(labels), 28, 28, 1), np.uint8), labels, np.arange(len(labels)))


def test_smoothed_cross_entropy_by_hand():
    probabilities = np.full((1, 1, 1, 10), 0.04)
    probabilities[..., 3] = 0.64
    output, batch = jnp.asarray(np.log(probabilities), jnp.float32), {"labels": jnp.array([3])}
    # the true class weighs 0.9 + 0.01, each other 0.01
    expected = -(0.91 * math.log(0.64) + 0.09 * math.log(0.04))
    assert float(ClassificationTask().loss(output, batch)) == pytest.approx(expected, rel=1e-5)


def test_accuracy_and_likelihood_by_hand():
    probabilities = np.array([[0.7, 0.3], [0.6, 0.4], [0.2, 0.8]], np.float32)
    quality = ClassificationTask(classes=2).quality(labelled([0, 1, 1]), Classification(jnp.log(probabilities)))
    assert quality["accuracy"] == pytest.approx(2 / 3)
    assert quality["nll"] == pytest.approx(-(math.log(0.7) + math.log(0.4) + math.log(0.8)) / 3, rel=1e-5)


def test_predictions_are_log_probabilities():
    output = jnp.array([[[[0.0, math.log(3.0)]]]])
    log_p = np.asarray(ClassificationTask(2).predict(output).log_probabilities)
    np.testing.assert_allclose(np.exp(log_p), [[0.25, 0.75]], rtol=1e-6)


def test_labels_and_predictions_that_do_not_fit_are_named():
    with pytest.raises(TaskInputError, match="labels are 0 to 7; allowed: 0 to 6"):
        ClassificationTask(classes=7).arrays(labelled([0, 7]))
    with pytest.raises(TaskInputError, match="1 predictions for 2 images"):
        ClassificationTask().quality(labelled([0, 7]), Classification(jnp.zeros((1, 10))))


def test_no_examples_have_no_quality():
    quality = ClassificationTask().quality(labelled([]), Classification(jnp.zeros((0, 10))))
    assert all(math.isnan(value) for value in quality.values())


def test_a_shift_moves_the_whole_picture_and_brings_in_zeros():
    image = np.random.default_rng(0).integers(1, 256, (7, 6, 2), dtype=np.uint8)
    moved = jax.jit(shifted, static_argnums=2)(jax.random.key(0), {"images": jnp.asarray([image] * 200)}, 2)
    padded, found = np.pad(image, ((2, 2), (2, 2), (0, 0))), set()
    for one in np.asarray(moved["images"]):
        matches = [(y, x) for y in range(5) for x in range(5) if (padded[y : y + 7, x : x + 6] == one).all()]
        assert len(matches) == 1
        found |= set(matches)
    assert len(found) == 25  # of 25 equally probable places each of 200 draws misses a given one with 0.96


def test_mirroring_turns_about_half_of_the_images():
    images = jnp.zeros((400, 2, 3, 1), jnp.uint8).at[:, :, 0].set(9)
    after = np.asarray(jax.jit(mirrored)(jax.random.key(0), {"images": images})["images"])
    turned = after[:, 0, 2, 0] == 9
    assert ((after[:, 0, 0, 0] == 9) == ~turned).all()
    assert abs(turned.sum() - 200) < 4 * math.sqrt(400 / 4)  # four standard deviations


def test_labels_stay_with_their_images():
    images = jnp.broadcast_to(jnp.arange(5, dtype=jnp.uint8)[:, None, None, None] * 10 + 1, (5, 8, 8, 1))
    after = jax.jit(ClassificationTask().augment)(jax.random.key(3), {"images": images, "labels": jnp.arange(5)})
    assert (np.asarray(after["images"]).max((1, 2, 3)) == np.asarray(after["labels"]) * 10 + 1).all()


def test_a_prediction_in_words_is_the_five_most_probable_classes_with_the_best_first():
    task = make_task("classification", "fashion_items")
    log_p = np.log(np.array([0.01, 0.02, 0.03, 0.04, 0.4, 0.05, 0.06, 0.07, 0.08, 0.24]))
    words = task.words(Classification(log_p))
    assert words[:2] == (f"{task.class_names[4]} 40.0%", f"{task.class_names[9]} 24.0%")
    assert len(words) == 5
