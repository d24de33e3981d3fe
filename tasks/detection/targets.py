"""What each cell of the output grid should say: centre heat and box distances (CenterNet, arXiv:1904.07850)."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Targets(NamedTuple):
    """heat: [N, h, w, classes] in 0..1, exactly 1 at the cell that holds an object's centre.

    boxes: [N, h, w, 4] the responsible object's (ymin, xmin, ymax, xmax) in 0..1.  box_weight: [N, h, w], 0 where no
    object is responsible.
    """

    heat: jax.Array
    boxes: jax.Array
    box_weight: jax.Array


def make_targets(boxes: jax.Array, labels: jax.Array, grid: tuple[int, ...], classes: int) -> Targets:
    """Targets of N images with up to M objects.

    boxes: float32 [N, M, 4] in 0..1; labels: int32 [N, M], -1 for padding; with one class every label >= 0 counts as
    class 0.  Cells within one cell of a centre and inside the box learn the box; where two objects meet, the
    nearer centre is responsible.
    """
    h, w = grid
    valid = labels >= 0
    classes_of = jnp.zeros_like(labels) if classes == 1 else labels
    rows = jnp.arange(h, dtype=boxes.dtype)[None, None, :, None]
    cols = jnp.arange(w, dtype=boxes.dtype)[None, None, None, :]
    ymin, xmin, ymax, xmax = (boxes[..., i, None, None] for i in range(4))  # [N, M, 1, 1]
    # distance in cells, exact, to the cell that holds the object's centre
    d_row = rows - jnp.floor(jnp.clip((ymin + ymax) / 2 * h, 0, h - 1))
    d_col = cols - jnp.floor(jnp.clip((xmin + xmax) / 2 * w, 0, w - 1))
    # the heat falls with the distance relative to the object's size, a sixth of it being one standard deviation
    sigma_y = jnp.maximum((ymax - ymin) * h / 6, 0.4)
    sigma_x = jnp.maximum((xmax - xmin) * w / 6, 0.4)
    heat = jnp.exp(-0.5 * ((d_row / sigma_y) ** 2 + (d_col / sigma_x) ** 2)) * valid[..., None, None]
    one_hot = jax.nn.one_hot(classes_of, classes, dtype=heat.dtype)  # -1 gives zeros
    heat_by_class = (heat[..., None] * one_hot[:, :, None, None, :]).max(axis=1)

    y, x = (rows + 0.5) / h, (cols + 0.5) / w
    inside = (y > ymin) & (y < ymax) & (x > xmin) & (x < xmax)
    near = (jnp.abs(d_row) <= 1) & (jnp.abs(d_col) <= 1)
    at_centre = (d_row == 0) & (d_col == 0)
    responsible = (at_centre | (near & inside)) & valid[..., None, None]
    distance = jnp.where(responsible, d_row**2 + d_col**2, jnp.inf)
    owner = jnp.argmin(distance, axis=1)  # [N, h, w]
    owned_boxes = jnp.take_along_axis(boxes, owner.reshape(len(boxes), -1, 1), axis=1).reshape(len(boxes), h, w, 4)
    return Targets(heat_by_class, owned_boxes, jnp.any(responsible, axis=1).astype(jnp.float32))
