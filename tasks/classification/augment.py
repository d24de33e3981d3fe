"""Random changes of images that keep their class."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax


def mirror(key: jax.Array, images: jax.Array) -> jax.Array:
    """Mirror half of the images [N, H, W, C] left to right."""
    chosen = jax.random.bernoulli(key, 0.5, (len(images), 1, 1, 1))
    return jnp.where(chosen, images[:, :, ::-1], images)


def shift(key: jax.Array, images: jax.Array, pixels: int) -> jax.Array:
    """Move each image [N, H, W, C] by up to so many pixels in each direction; zeros come in from outside."""
    padded = jnp.pad(images, [(0, 0), (pixels, pixels), (pixels, pixels), (0, 0)])
    corners = jax.random.randint(key, (len(images), 2), 0, 2 * pixels + 1)

    def cut(image: jax.Array, corner: jax.Array) -> jax.Array:
        return lax.dynamic_slice(image, (corner[0], corner[1], 0), images.shape[1:])

    return jax.vmap(cut)(padded, corners)
