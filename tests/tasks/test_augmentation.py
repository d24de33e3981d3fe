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
