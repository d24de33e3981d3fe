"""Resizing by matrices against jax.image.resize, with static sizes, traced ones and on canvases."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import TaskInputError
from tasks.networks.resize import resize_images, resize_matrix

_static = jax.jit(resize_matrix, static_argnums=(0, 1, 2))


def jax_resized(images, height, width):
    shape = (len(images), height, width, images.shape[3])
    return np.asarray(jax.image.resize(jnp.asarray(images, jnp.float32), shape, "bilinear", antialias=True))


def triangles(source, target):
    """The filter by its definition: at each target pixel's centre a triangle, as wide as the larger of two pixels."""
    matrix = np.zeros((target, source))
    for i in range(target):
        centre = (i + 0.5) * source / target - 0.5
        for j in range(source):
            matrix[i, j] = max(0.0, 1 - abs(centre - j) / max(1.0, source / target))
    return matrix / matrix.sum(1, keepdims=True)


@pytest.mark.parametrize(("source", "target"), [(96, 80), (24, 96), (5, 1), (9, 7)])
def test_the_matrix_is_that_of_jax_image_resize(source, target):
    pixels = np.eye(source, dtype=np.float32)[:, :, None, None]
    expected = jax_resized(pixels, target, 1)[:, :, 0, 0].T
    np.testing.assert_allclose(_static(source, target, target), expected, atol=5e-6)
    np.testing.assert_allclose(triangles(source, target), expected, atol=5e-6)


_traced = jax.jit(lambda source, target: resize_matrix(source, target, 12, source_canvas=10))


@settings(max_examples=40)
@given(source=st.integers(1, 10), target=st.integers(1, 12))
def test_traced_sizes_give_the_static_matrix_in_the_corner_of_the_canvas(source, target):
    matrix = np.asarray(_traced(source, target))
    assert matrix.shape == (12, 10)
    np.testing.assert_allclose(matrix[:target, :source], triangles(source, target), atol=2e-6)
    np.testing.assert_allclose(matrix[:target].sum(1), 1, atol=1e-5)
    assert not matrix[target:].any()
    assert not matrix[:, source:].any()


@pytest.mark.parametrize(("height", "width"), [(16, 16), (5, 30)])
def test_resized_images_are_those_of_jax_rounded(height, width):
    images = np.random.default_rng(0).integers(0, 256, (70, 24, 20, 3), dtype=np.uint8)  # more than one piece
    resized = resize_images(images, height, width)
    assert resized.dtype == np.uint8
    # half a grey level of rounding, and the last bits of float32
    np.testing.assert_allclose(resized, jax_resized(images, height, width), atol=0.501)


def test_one_grey_level_stays_and_equal_sizes_change_nothing():
    images = np.full((3, 9, 9, 1), 255, np.uint8)
    assert (resize_images(images, 4, 14) == 255).all()
    assert resize_images(images, 9, 9) is images
    assert resize_images(images[:0], 4, 4).shape == (0, 4, 4, 1)


def test_sizes_beyond_their_canvas_are_named():
    with pytest.raises(TaskInputError, match="target is 9 pixels; allowed: 1 to its canvas of 8"):
        resize_matrix(4, 9, 8)
    with pytest.raises(TaskInputError, match="target is 0 pixels"):
        resize_images(np.zeros((1, 4, 4, 1), np.uint8), 0, 4)
