"""The training loss of the detector: penalty-reduced focal loss on the heat, generalised IoU on the boxes."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from tasks.detection.head import Predictions
from tasks.detection.targets import Targets

BOX_WEIGHT = 1.0


def heat_loss(logits: jax.Array, heat: jax.Array) -> jax.Array:
    """Focal loss of CenterNet (arXiv:1904.07850, equation 1), alpha 2 and beta 4, summed and divided by the objects."""
    positive = (heat >= 1.0).astype(logits.dtype)
    log_p, log_not_p = jax.nn.log_sigmoid(logits), jax.nn.log_sigmoid(-logits)
    p = jax.nn.sigmoid(logits)
    at_centres = positive * (1 - p) ** 2 * log_p
    elsewhere = (1 - positive) * (1 - heat) ** 4 * p**2 * log_not_p
    return -(at_centres + elsewhere).sum() / jnp.maximum(positive.sum(), 1.0)


def generalised_iou(a: jax.Array, b: jax.Array) -> jax.Array:
    """Generalised IoU (arXiv:1902.09630) of boxes [..., 4] as (ymin, xmin, ymax, xmax); [...] in -1..1."""

    def area(low: jax.Array, high: jax.Array) -> jax.Array:
        return jnp.prod(jnp.maximum(high - low, 0.0), axis=-1)

    area_a, area_b = area(a[..., :2], a[..., 2:]), area(b[..., :2], b[..., 2:])
    intersection = area(jnp.maximum(a[..., :2], b[..., :2]), jnp.minimum(a[..., 2:], b[..., 2:]))
    hull = area(jnp.minimum(a[..., :2], b[..., :2]), jnp.maximum(a[..., 2:], b[..., 2:]))
    union = jnp.maximum(area_a + area_b - intersection, 1e-9)
    return intersection / union - (hull - union) / jnp.maximum(hull, 1e-9)


def detection_loss(predictions: Predictions, targets: Targets) -> jax.Array:
    """Scalar loss of a batch; finite also when no image has an object."""
    iou = generalised_iou(predictions.boxes, targets.boxes)
    boxes = (targets.box_weight * (1.0 - iou)).sum() / jnp.maximum(targets.box_weight.sum(), 1.0)
    return heat_loss(predictions.heat_logits, targets.heat) + BOX_WEIGHT * boxes
