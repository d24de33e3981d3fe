"""How training examples are changed at random, where it is not as a task usually does."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tasks.data.scenes import IGNORED


@dataclass(frozen=True)
class Augmentation:
    """What is done to each training image anew in each batch."""

    mirror: bool = True
    """Mirror half of the images left to right, what is known of them too."""
    shift_pixels: int = 0
    """Move each by up to so many pixels in each direction; black comes in from outside.

    Pixels of the masks where there are masks, else of the images as they are given: a training alone takes them at the
    network's input size, a supernet at their data's.
    """
    brightness: float = 0.0
    """Multiply each by a number within so much of one, and add up to so much of the range; clipped to 0..255."""

    def __str__(self) -> str:
        """In keys of trials."""
        return f"mirror={int(self.mirror)},shift={self.shift_pixels},brightness={self.brightness:g}"


def augment(augmentation: Augmentation, key: jax.Array, batch: dict[str, jax.Array]) -> dict[str, jax.Array]:
    """A batch like the given one, randomly changed.

    batch: images uint8 [N, H, W, C], and of boxes float32 [N, M, 4] with labels int32 [N, M], and masks uint8
    [N, h, w], those that there are.  Objects that are moved out of the image are no objects any more; pixels of masks
    that come in from outside are ignored.  Images of another size than their masks move by as much of it, rounded to
    pixels.
    """
    mirror_key, shift_key, bright_key = jax.random.split(key, 3)
    if augmentation.mirror:
        batch = mirrored(mirror_key, batch)
    if augmentation.shift_pixels:
        batch = shifted(shift_key, batch, augmentation.shift_pixels)
    if augmentation.brightness:
        low, high = -augmentation.brightness, augmentation.brightness
        change = jax.random.uniform(bright_key, (2, len(batch["images"]), 1, 1, 1), minval=low, maxval=high)
        bright = batch["images"].astype(jnp.float32) * (1 + change[0]) + 255 * change[1]
        batch = batch | {"images": jnp.clip(jnp.round(bright), 0, 255).astype(jnp.uint8)}
    return batch


def mirrored(key: jax.Array, batch: dict[str, jax.Array]) -> dict[str, jax.Array]:
    """The batch, as `augment` takes it, with half of its images mirrored left to right."""
    images = batch["images"]
    chosen = jax.random.bernoulli(key, 0.5, (len(images), 1, 1))
    changed = {"images": jnp.where(chosen[..., None], images[:, :, ::-1], images)}
    if "masks" in batch:
        changed["masks"] = jnp.where(chosen, batch["masks"][:, :, ::-1], batch["masks"])
    if "boxes" in batch:
        ymin, xmin, ymax, xmax = jnp.moveaxis(batch["boxes"], -1, 0)
        boxes = jnp.stack([ymin, 1 - xmax, ymax, 1 - xmin], axis=-1)
        changed["boxes"] = jnp.where(chosen, boxes, batch["boxes"])
    return batch | changed


def shifted(key: jax.Array, batch: dict[str, jax.Array], pixels: int) -> dict[str, jax.Array]:
    """The batch, as `augment` takes it, with each image moved as Augmentation.shift_pixels says."""
    images = batch["images"]
    size = np.array(batch.get("masks", images).shape[1:3], np.float32)
    # where what is cut out begins; one that stays where it is begins at 0, 0
    starts = jax.random.randint(key, (len(images), 2), 0, 2 * pixels + 1) - pixels

    def moved(array: jax.Array, outside: int) -> jax.Array:
        scale = np.array(array.shape[1:3], np.float32) / size
        margins = np.ceil(pixels * scale).astype(np.int32)
        around = [(margin, margin) for margin in margins.tolist()]
        padded = jnp.pad(array, [(0, 0), *around, *[(0, 0)] * (array.ndim - 3)], constant_values=outside)
        corners = jnp.round(starts.astype(jnp.float32) * scale[None]).astype(jnp.int32) + margins[None]

        def cut(one: jax.Array, corner: jax.Array) -> jax.Array:
            return lax.dynamic_slice(one, (corner[0], corner[1], *[0] * (one.ndim - 2)), array.shape[1:])

        return jax.vmap(cut)(padded, corners)

    changed = {"images": moved(images, 0)}
    if "masks" in batch:
        changed["masks"] = moved(batch["masks"], IGNORED)
    if "boxes" in batch:
        by = -starts.astype(jnp.float32) / size[None]
        boxes = jnp.clip(batch["boxes"] + jnp.tile(by, 2)[:, None], 0.0, 1.0)
        there = (boxes[..., 2] > boxes[..., 0]) & (boxes[..., 3] > boxes[..., 1])
        changed["boxes"] = boxes
        changed["labels"] = jnp.where(there, batch["labels"], -1)
    return batch | changed
