"""Predictions without a network, against answers worked out by hand or by brute force."""

import numpy as np
import pytest

from tasks.controls import constant_detections, constant_mask, nearest_neighbour, softmax_regression


def test_the_nearest_neighbour_is_the_one_that_brute_force_finds() -> None:
    rng = np.random.default_rng(0)
    train, images = (rng.integers(0, 256, (n, 3, 3, 2), np.uint8) for n in (40, 1_203))
    distances = ((images[:, None].astype(int) - train[None]) ** 2).sum((2, 3, 4))
    labels = rng.permutation(40)
    np.testing.assert_array_equal(nearest_neighbour(train, labels, images), labels[distances.argmin(1)])


def test_softmax_regression_finds_the_three_pixels_of_which_the_brightest_is_the_class() -> None:
    images = np.random.default_rng(0).integers(0, 256, (1_000, 4, 4, 1), np.uint8)
    labels = images[:, :3, 2, 0].argmax(1)
    log_p = np.asarray(softmax_regression(images[:700], labels[:700], images[700:], 3, batch=20, learning_rate=0.1))
    assert (log_p.argmax(1) == labels[700:]).mean() > 0.9  # always answering the same would reach a third
    np.testing.assert_allclose(np.exp(log_p).sum(1), 1, rtol=1e-5)


def test_a_constant_detector_puts_boxes_where_most_objects_are_and_the_surest_first() -> None:
    rng = np.random.default_rng(0)
    places = np.array([[0.1, 0.1, 0.3, 0.3], [0.5, 0.6, 0.9, 0.9]])
    boxes = np.repeat(places, (10, 30), axis=0) + rng.uniform(-0.01, 0.01, (40, 4))
    found = constant_detections(boxes, n=3, count=2)
    assert found.boxes.shape == (3, 2, 4)
    np.testing.assert_allclose(found.boxes[2], places[::-1], atol=0.01)
    np.testing.assert_allclose(found.scores, [[0.75, 0.25]] * 3)


def test_a_constant_detector_of_few_training_boxes_answers_with_those() -> None:
    found = constant_detections(np.array([[0.1, 0.2, 0.3, 0.4]]), n=2)
    np.testing.assert_allclose(found.boxes, [[[0.1, 0.2, 0.3, 0.4]]] * 2, rtol=1e-6)


@pytest.mark.parametrize("ignored", [False, True])
def test_a_constant_mask_is_each_pixels_most_frequent_class(ignored: bool) -> None:
    masks = np.array([[[0, 2], [7, 0]], [[0, 2], [7, 2]], [[2, 0], [0, 2]]], np.uint8)
    if ignored:
        masks[0] = 255
        masks[1, 0, 0] = 255
    expected = [[2, 0], [0, 2]] if ignored else [[0, 2], [7, 2]]
    np.testing.assert_array_equal(constant_mask(masks, 4), [expected] * 4)
