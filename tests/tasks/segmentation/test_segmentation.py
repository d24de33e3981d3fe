"""Segmentation: loss and metric against values worked out by hand, and what lies outside a canvas's valid part."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from tasks.data.scenes import empty_scenes
from tasks.drawing import HEADER
from tasks.errors import TaskInputError
from tasks.registry import make_task
from tasks.segmentation.drawing import COLOURS, TINT, YELLOW, draw_segments
from tasks.segmentation.iou import confusion_matrix, segmentation_quality
from tasks.segmentation.losses import enlarge, pixel_cross_entropy
from tasks.segmentation.task import SegmentationTask


def scenes_with(*instances, labels):
    """Scenes of 96 x 96 whose top left corner shows these instances."""
    scenes = empty_scenes(len(instances))
    scenes.images[:], scenes.instances[:] = 0, 0
    scenes.ids[:] = np.arange(len(instances))
    for index, corner in enumerate(instances):
        corner = np.array(corner, np.uint8)
        scenes.instances[index, : corner.shape[0], : corner.shape[1]] = corner
    scenes.labels[:, : len(labels)] = labels
    return scenes


def test_cross_entropy_by_hand():
    logits = jnp.log(jnp.array([[0.5, 0.25, 0.9], [0.5, 0.75, 0.1]]))[None, :, None, :]  # two classes, three pixels
    masks = jnp.array([[[0, 1, 255]]], jnp.uint8)
    assert float(pixel_cross_entropy(logits, masks)) == pytest.approx((math.log(2) - math.log(0.75)) / 2)


def test_a_batch_without_known_pixels_has_loss_and_gradient_zero():
    masks = jnp.full((2, 4, 4), 255, jnp.uint8)
    value, gradient = jax.jit(jax.value_and_grad(pixel_cross_entropy))(jnp.ones((2, 3, 4, 4)), masks)
    assert float(value) == 0
    assert not np.asarray(gradient).any()


def test_enlarging_is_bilinear_resizing():
    logits = jax.random.normal(jax.random.key(0), (2, 3, 4, 5))
    expected = jax.image.resize(logits, (2, 12, 10, 5), "bilinear")
    enlarged = jax.jit(lambda logits: enlarge(logits, 12, 10, None))(logits)
    np.testing.assert_allclose(enlarged, jnp.moveaxis(expected, -1, 1), rtol=1e-4, atol=1e-5)


def test_what_lies_outside_the_valid_part_of_a_canvas_has_no_effect():
    task, canvas = SegmentationTask(), 100 * jax.random.normal(jax.random.key(1), (2, 6, 8, 2))
    batch = {"masks": jax.random.randint(jax.random.key(2), (2, 12, 12), 0, 2).astype(jnp.uint8)}

    @jax.jit
    def both(canvas, size):
        (value, predicted), gradient = jax.value_and_grad(
            lambda canvas: (task.loss(canvas, batch, size), task.predict(canvas, size)), has_aux=True
        )(canvas)
        return value, predicted, gradient

    for h, w in ((6, 8), (3, 5)):
        value, predicted, gradient = both(canvas, (jnp.int32(h), jnp.int32(w)))
        expected_value, expected, _ = both(canvas[:, :h, :w], None)
        np.testing.assert_allclose(value, expected_value, rtol=1e-4)
        # where two classes are equally probable the last bits decide
        assert (np.asarray(predicted) == np.asarray(expected)).mean() > 0.999
        assert np.asarray(gradient[:, :h, :w]).any()
        assert not np.asarray(gradient[:, h:]).any()
        assert not np.asarray(gradient[:, :, w:]).any()


def test_iou_by_hand():
    truth = np.array([[[0, 0, 1, 1], [2, 2, 255, 255]]], np.uint8)
    found = np.array([[[0, 1, 1, 1], [2, 0, 2, 0]]], np.uint8)
    confusion = confusion_matrix(truth, found, 5)
    # background: 1 of {0,0} and one false; class 1: 2 of 3; class 2: 1 of 2; classes 3 and 4 occur nowhere
    assert segmentation_quality(confusion) == {
        "miou": pytest.approx((1 / 3 + 2 / 3 + 1 / 2) / 3),
        "pixel_accuracy": pytest.approx(4 / 6),
    }


masks = hnp.arrays(np.uint8, (3, 4, 5), elements=st.sampled_from([0, 1, 2, 255]))
predictions = hnp.arrays(np.uint8, (3, 4, 5), elements=st.integers(0, 2))


@given(masks, predictions)
def test_the_confusion_matrix_counts_each_known_pixel_once(truth, found):
    expected = np.zeros((3, 3), int)
    for true, said in zip(truth.ravel(), found.ravel(), strict=True):
        if true != 255:
            expected[true, said] += 1
    confusion = confusion_matrix(truth, found, 3)
    assert confusion.tolist() == expected.tolist()
    quality = segmentation_quality(confusion)
    if (truth == 255).all():
        assert all(math.isnan(value) for value in quality.values())
    else:
        assert 0 <= quality["miou"] <= 1


def test_a_predicted_class_that_is_nowhere_costs_its_share():
    truth = np.zeros((1, 2, 2), np.uint8)
    assert segmentation_quality(confusion_matrix(truth, truth, 3))["miou"] == 1
    found = np.array([[[0, 0], [0, 1]]], np.uint8)
    assert segmentation_quality(confusion_matrix(truth, found, 3))["miou"] == pytest.approx((3 / 4 + 0) / 2)


def test_one_class_is_any_object_and_unknown_pixels_stay_unknown():
    scenes = scenes_with([[1, 2, 255]], labels=(3, 0))
    assert SegmentationTask().arrays(scenes)["masks"][0, 0, :4].tolist() == [1, 1, 255, 0]
    assert SegmentationTask(classes=10).arrays(scenes)["masks"][0, 0, :4].tolist() == [4, 1, 255, 0]
    with pytest.raises(TaskInputError, match="a mask holds class 4; allowed: 0 to 3, and 255"):
        SegmentationTask(classes=3).arrays(scenes)


def test_the_perfect_prediction_has_full_quality_and_the_empty_one_has_not():
    scenes = scenes_with(np.full((20, 20), 1), np.zeros((1, 1)), [[1]], labels=(7,))  # 20 x 20, nothing, one pixel
    task = SegmentationTask(classes=10)
    assert task.quality(scenes, scenes.masks) == {"miou": 1.0, "pixel_accuracy": 1.0}
    nothing = np.zeros_like(scenes.masks)
    assert task.quality(scenes, nothing)["miou"] == pytest.approx((1 - 401 / (3 * 96 * 96)) / 2)
    with pytest.raises(TaskInputError, match="must be alike"):
        task.quality(scenes, nothing[:2])


def test_mirroring_takes_the_masks_along_at_any_size_of_the_images():
    images = np.zeros((1, 4, 4, 3), np.uint8)
    images[0, :, :2] = 200
    masks = np.zeros((1, 8, 8), np.uint8)
    masks[0, :, :4] = 1
    batch, sides = {"images": jnp.asarray(images), "masks": jnp.asarray(masks)}, set()
    augment = jax.jit(SegmentationTask().augment)
    for key in jax.random.split(jax.random.key(0), 12):
        after = jax.tree.map(np.asarray, augment(key, batch))
        np.testing.assert_array_equal(after["images"][0, :, :, 0].repeat(2, 0).repeat(2, 1) > 0, after["masks"][0] > 0)
        sides.add(bool(after["masks"][0, 0, 0]))
    assert sides == {True, False}


def drawn(scenes, predicted, path, classes):
    """The left and the right image of one scene, 192 x 192."""
    draw_segments(scenes, predicted, path / "new" / "segments.png", classes)
    image = np.asarray(Image.open(path / "new" / "segments.png"))
    top = HEADER + 4
    assert (image[:top] < 128).any()  # something is written there
    return image[top : top + 192, 4:196], image[top : top + 192, 198:390]


def test_the_drawing_shows_truth_left_and_prediction_right(tmp_path):
    scenes = scenes_with(np.full((96, 48), 1), labels=(4,))
    scenes.images[:] = 200
    predicted = np.zeros((1, 96, 96), np.uint8)
    predicted[0, :, 48:] = 5
    left, right = drawn(scenes, predicted, tmp_path, classes=10)
    tinted = (200 * (1 - TINT) + COLOURS[4] * TINT).astype(np.uint8).tolist()
    # tinted, then a line of the class's colour, black around it, and the scene as it is; no line at the image's edge
    for place, expected in ((0, tinted), (94, tinted), (95, COLOURS[4].tolist()), (96, [0] * 3), (97, [200] * 3)):
        assert left[96, place].tolist() == expected
        assert right[96, 191 - place].tolist() == expected


def test_a_mask_of_another_size_is_stretched_over_the_image_it_is_drawn_on():
    image, mask = np.full((40, 60, 3), 200, np.uint8), np.array([[0, 1], [0, 0]], np.uint8)
    found = np.asarray(SegmentationTask().draw(image, mask, scale=3))
    assert found.shape == (120, 180, 3)
    changed = (found != 200).any(-1)
    assert changed[:60, 90:].all()  # the upper right quarter
    assert not changed[62:].any()
    assert not changed[:, :88].any()


def test_of_one_class_all_items_are_drawn_alike_and_unknown_pixels_black(tmp_path):
    instances = np.zeros((96, 96))
    instances[:20], instances[20:40], instances[60:] = 1, 2, 255
    scenes = scenes_with(instances, labels=(4, 7))
    scenes.images[:] = 200
    left, right = drawn(scenes, np.ones((1, 96, 96), np.uint8), tmp_path, classes=1)
    tinted = (200 * (1 - TINT) + YELLOW[0] * TINT).astype(np.uint8)
    assert (left[:79] == tinted).all()
    assert (left[79] == YELLOW[0]).all()
    assert not left[120:].any()
    assert (right == tinted).all()


def test_a_prediction_in_words_is_the_share_of_pixels_of_each_class_there():
    task = make_task("segmentation")
    assert task.words(np.array([[0, 0, 0], [0, 1, 0]])) == ("background 83.3%", f"{task.class_names[0]} 16.7%")
