"""Batch statistics of one architecture, for evaluation with weights that were trained shared."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import lax

from tasks.networks.batch_norm import MOMENTUM
from tasks.networks.gates import Gates


def recalibrate(network: nn.Module, variables: Any, gates: Gates | None, batches: jax.Array) -> Any:
    """The "batch_stats" of an architecture: the mean over the batches of each batch's own mean and variance.

    A supernet's running averages mix all architectures it was trained as, so they serve none of them; before an
    architecture is evaluated its statistics are collected anew by forward passes of training data (SPOS,
    arXiv:1904.00420; OFA, arXiv:1908.09791; BigNAS, arXiv:2003.11142).  Every batch counts
    the same, and no statistics from before remain.

    network: a Supernet, or a ChainNetwork with gates None.  variables: "params" and "batch_stats", of which the
    latter gives the shapes only.  batches: float32 images [B, N, H, W, 3], as the network takes them.
    Traceable, so that one compilation serves every architecture; `lax.map` or `jax.vmap` over gates.
    """
    arguments = () if gates is None else (gates,)
    zeros = jax.tree.map(jnp.zeros_like, variables["batch_stats"])

    def add(total: Any, images: jax.Array) -> tuple[Any, None]:
        # running averages that start at zero are a batch's statistics times 1 - MOMENTUM afterwards
        _, updated = network.apply(
            {"params": variables["params"], "batch_stats": zeros},
            images,
            *arguments,
            train=True,
            mutable=["batch_stats"],
        )
        return jax.tree.map(jnp.add, total, updated["batch_stats"]), None

    total, _ = lax.scan(add, zeros, batches)
    return jax.tree.map(lambda value: value / ((1 - MOMENTUM) * batches.shape[0]), total)
