"""Random changes of training examples: what is known of an image moves with it."""

import jax
import numpy as np
import pytest

from tasks.augmentation import Augmentation, augment
from tasks.data.scenes import IGNORED
from tasks.registry import make_task


def batch(n: int = 8, side: int = 16) -> dict[str, np.ndarray]:
    """Each image black but for a rectangle, which the box and the mask are about."""
    images, masks = np.zeros((n, side, side, 3), np.uint8), np.zeros((n, side, side), np.uint8)
    images[:, 2:6, 9:15], masks[:, 2:6, 9:15] = 200, 1
    boxes = np.tile(np.array([2, 9, 6, 15], np.float32) / side, (n, 1, 1))
    return {"images": images, "masks": masks, "boxes": boxes, "labels": np.zeros((n, 1), np.int32)}


CHANGE = jax.jit(augment, static_argnums=0)


@pytest.mark.parametrize("chosen", [Augmentation(), Augmentation(mirror=False, shift_pixels=4), Augmentation(True, 4)])
def test_box_and_mask_stay_on_what_they_are_about(chosen):
    given = batch()
    changed = jax.tree.map(np.asarray, CHANGE(chosen, jax.random.key(3), given))
    bright = changed["images"][..., 0] > 0
    np.testing.assert_array_equal(changed["masks"] == 1, bright)
    assert (bright != (given["images"][..., 0] > 0)).any()
    for row in np.flatnonzero(changed["labels"][:, 0] == 0):
        ymin, xmin, ymax, xmax = (changed["boxes"][row, 0] * 16).round().astype(int)
        expected = np.zeros((16, 16), bool)
        expected[ymin:ymax, xmin:xmax] = True
        np.testing.assert_array_equal(bright[row], expected)
    if chosen.shift_pixels:
        assert (changed["masks"] == IGNORED).any()


@pytest.mark.parametrize("times", [2, 1.5])
def test_masks_and_boxes_stay_on_images_that_were_made_smaller_for_the_network(times):
    given, large = batch(64), int(16 * times)
    given |= {"masks": np.zeros((64, large, large), np.uint8)}
    top, left, bottom, right = (int(edge * times) for edge in (6, 4, 10, 12))
    given["masks"][:, top:bottom, left:right] = 1
    given["images"][:] = 0
    given["images"][:, 6:10, 4:12] = 200
    given["boxes"][:] = np.array([6, 4, 10, 12], np.float32) / 16
    changed = jax.tree.map(np.asarray, CHANGE(Augmentation(True, 4), jax.random.key(3), given))

    def edges(seen):  # ymin, xmin, ymax, xmax of what is seen of each, in 0..1
        along = (seen.any(2), seen.any(1))
        last = (seen.shape[1] - each[:, ::-1].argmax(1) for each in along)
        return np.stack([*(each.argmax(1) for each in along), *last], 1) / seen.shape[1]

    of_masks = edges(changed["masks"] == 1)
    np.testing.assert_allclose(of_masks, changed["boxes"][:, 0], atol=1e-6)
    # moved by whole pixels of images
    np.testing.assert_allclose(edges(changed["images"][..., 0] > 0), of_masks, atol=0.5 / 16 + 1e-6)
    moved = (of_masks * large - [top, left, bottom, right]).round()
    assert set(moved[:, 0]) == set(range(-4, 5))  # pixels of masks


def test_an_object_that_is_moved_out_is_none_any_more():
    given = batch(32)
    given["boxes"][:] = np.array([0, 0, 0.1, 0.1], np.float32)
    changed = jax.tree.map(np.asarray, CHANGE(Augmentation(False, 6), jax.random.key(0), given))
    there = changed["labels"][:, 0] >= 0
    assert 0 < there.sum() < 32
    assert (np.prod(changed["boxes"][..., 2:] - changed["boxes"][..., :2], axis=-1) > 0)[there].all()


def test_brightness_changes_images_alone_and_nothing_changes_nothing():
    given = batch()
    changed = CHANGE(Augmentation(False, 0, 0.3), jax.random.key(0), given)
    assert (np.asarray(changed["images"]) != given["images"]).any()
    assert all((np.asarray(changed[name]) == given[name]).all() for name in ("masks", "boxes", "labels"))
    same = CHANGE(Augmentation(False), jax.random.key(0), given)
    assert all((np.asarray(same[name]) == given[name]).all() for name in given)


def test_the_version_of_the_data_says_what_is_not_as_usual():
    plain = make_task("classification")
    assert make_task("classification", augmentation=Augmentation(True, 2)) == plain
    other = make_task("classification", augmentation=Augmentation(False, 2))
    assert other.data_version("quick") == plain.data_version("quick") + "+mirror=0,shift=2,brightness=0"
