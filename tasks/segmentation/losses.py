"""Cross-entropy and class maps at the masks' resolution, from logits at any other."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from tasks.data.scenes import IGNORED
from tasks.networks.resize import resize_matrix
from tasks.task import Size


def enlarge(logits: jax.Array, height: int, width: int, size: Size | None) -> jax.Array:
    """Logits [N, h, w, C] to [N, C, height, width], bilinear.

    size: what of them is valid, all when None; the rest must be finite and has no effect.  Classes come before space,
    so that all that follows runs along whole rows: a third faster on CPU than with classes last.
    """
    h, w = size or logits.shape[1:3]
    rows = resize_matrix(h, height, height, logits.shape[1])
    columns = resize_matrix(w, width, width, logits.shape[2])
    return jnp.einsum("Hh,nhwc,Ww->ncHW", rows, logits, columns)


def pixel_cross_entropy(logits: jax.Array, masks: jax.Array) -> jax.Array:
    """Mean cross-entropy in nats over the pixels that count; zero when none does.

    logits: [N, C, H, W]; masks: uint8 [N, H, W] of classes, 255 where a pixel does not count.
    """
    classes = jnp.arange(logits.shape[1], dtype=masks.dtype)[:, None, None]
    chosen = jnp.where(masks[:, None] == classes, logits, 0.0).sum(1)
    counts = masks != IGNORED
    loss = jnp.where(counts, jax.nn.logsumexp(logits, axis=1) - chosen, 0.0)
    return loss.sum() / jnp.maximum(counts.sum().astype(logits.dtype), 1.0)
