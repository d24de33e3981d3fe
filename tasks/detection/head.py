"""How the network's output channels are read as detections: per cell class heats, then four distances to the box."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

SIDES = ("top", "left", "bottom", "right")
# Distances are predicted as 2**raw cells, so that raw = 0 is a box two cells wide.
LOWEST_RAW, HIGHEST_RAW = -4.0, 4.0
# Initial heat logit: about one cell in a hundred is an object's centre (focal loss, arXiv:1708.02002, section 3.3).
HEAT_BIAS = -4.0


# Boxes that are predicted of an image; the suite's own scenes have four objects at most.
PREDICTED_BOXES = 20


class Predictions(NamedTuple):
    """heat_logits: [N, h, w, classes]; boxes: [N, h, w, 4] as (ymin, xmin, ymax, xmax) in 0..1."""

    heat_logits: jax.Array
    boxes: jax.Array


class Detections(NamedTuple):
    """The k best of each image: boxes [N, k, 4] in 0..1, scores [N, k] falling, classes int32 [N, k]."""

    boxes: jax.Array
    scores: jax.Array
    classes: jax.Array


def output_channels(classes: int) -> int:
    """Channels of the predicting layer."""
    return classes + 4


def read_output(output: jax.Array) -> Predictions:
    """Predictions from the network's output [N, h, w, classes + 4]."""
    h, w = output.shape[1:3]
    distances = 2.0 ** jnp.clip(output[..., -4:], LOWEST_RAW, HIGHEST_RAW)
    y = (jnp.arange(h, dtype=output.dtype)[:, None] + 0.5) * jnp.ones((1, w), output.dtype)
    x = (jnp.arange(w, dtype=output.dtype)[None, :] + 0.5) * jnp.ones((h, 1), output.dtype)
    top, left, bottom, right = (distances[..., i] for i in range(4))
    boxes = jnp.stack([(y - top) / h, (x - left) / w, (y + bottom) / h, (x + right) / w], axis=-1)
    return Predictions(output[..., :-4] + HEAT_BIAS, jnp.clip(boxes, 0.0, 1.0))


def detect(predictions: Predictions, k: int = PREDICTED_BOXES) -> Detections:
    """The k highest local maxima of the heat in each image; a maximum is not below its eight neighbours.

    The local maximum stands in for non-maximum suppression (arXiv:1904.07850, section 4).
    """
    heat = jax.nn.sigmoid(predictions.heat_logits)
    highest = lax.reduce_window(heat, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 1, 1, 1), "SAME")
    peaks = jnp.where(heat >= highest, heat, 0.0)
    n, h, w, classes = heat.shape
    scores, index = lax.top_k(peaks.reshape(n, -1), min(k, h * w * classes))
    cell, class_index = index // classes, index % classes
    boxes = jnp.take_along_axis(predictions.boxes.reshape(n, h * w, 4), cell[..., None], axis=1)
    return Detections(boxes, scores, class_index.astype(jnp.int32))
