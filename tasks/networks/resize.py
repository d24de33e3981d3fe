"""Bilinear resizing as matrix products, so that one compilation serves every size.

An image resized is R_rows @ image @ R_columns^T.  The sizes may be traced numbers: what lies on a canvas of fixed
shape, valid in its top left corner, is resized to another such canvas.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from tasks.errors import TaskInputError

_RESIZED_AT_ONCE = 64


def resize_matrix(
    source: int | jax.Array, target: int | jax.Array, canvas: int, source_canvas: int | None = None
) -> jax.Array:
    """Float32 [canvas, source_canvas]: row i < target says how pixel i is made of the source's pixels.

    Triangular filter, as wide as a target pixel when the image shrinks (antialiasing), as in jax.image.resize.
    source, target: numbers of pixels, at most source_canvas and canvas, static or traced int32.  Rows from target on
    and columns from source on are zero.  source_canvas: source, which then is static, when left out.
    Raises TaskInputError for static sizes that are not 1 to their canvas.
    """
    if source_canvas is None:
        if not isinstance(source, int):
            raise TaskInputError("the canvas of a source whose size is traced must be said")
        source_canvas = source
    for name, size, limit in (("source", source, source_canvas), ("target", target, canvas)):
        if isinstance(size, int) and not 1 <= size <= limit:
            raise TaskInputError(f"cannot resize: {name} is {size} pixels; allowed: 1 to its canvas of {limit}")
    source_pixels, target_pixels = jnp.float32(source), jnp.float32(target)
    shrink = source_pixels / target_pixels
    row = jnp.arange(canvas, dtype=jnp.float32)[:, None]
    column = jnp.arange(source_canvas, dtype=jnp.float32)[None, :]
    centre = (row + 0.5) * shrink - 0.5
    weight = jnp.maximum(1.0 - jnp.abs(centre - column) / jnp.maximum(shrink, 1.0), 0.0)
    weight = jnp.where((column < source_pixels) & (row < target_pixels), weight, 0.0)
    return weight / jnp.maximum(weight.sum(1, keepdims=True), 1e-6)


def resize_images(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """Uint8 [N, H, W, C] to uint8 [N, height, width, C]: bilinear, antialiased, rounded half to even.

    The given array itself where it has that size already.  Raises TaskInputError for sizes below 1.
    """
    if images.shape[1:3] == (height, width):
        return images
    resized = np.empty((len(images), height, width, images.shape[3]), np.uint8)
    if len(images) == 0:
        return resized
    for start in range(0, len(images), _RESIZED_AT_ONCE):
        piece = images[start : start + _RESIZED_AT_ONCE]
        # the last piece is filled up, so that one compilation serves all
        filled = np.concatenate([piece, np.repeat(piece[:1], _RESIZED_AT_ONCE - len(piece), axis=0)])
        resized[start : start + len(piece)] = np.asarray(_resize_batch(filled, height, width))[: len(piece)]
    return resized


@partial(jax.jit, static_argnums=(1, 2))
def _resize_batch(images: jax.Array | np.ndarray, height: int, width: int) -> jax.Array:
    n, from_height, from_width, channels = images.shape
    rows, columns = resize_matrix(from_height, height, height), resize_matrix(from_width, width, width)
    # two plain matrix products; channels ride along with the columns, which a batched product would make far slower
    wide = jnp.kron(columns.T, jnp.eye(channels, dtype=columns.dtype))
    across = images.astype(jnp.float32).reshape(n * from_height, from_width * channels) @ wide
    resized = jnp.einsum("hH,nHw->nhw", rows, across.reshape(n, from_height, -1))
    return jnp.clip(jnp.round(resized), 0, 255).astype(jnp.uint8).reshape(n, height, width, channels)
