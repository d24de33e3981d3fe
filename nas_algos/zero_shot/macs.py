"""Multiply-accumulates: the baseline that a score has to beat to be worth its while."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from nas_algos.zero_shot.network import Probe


def macs(probe: Probe, key: jax.Array) -> jax.Array:
    """Multiply-accumulates of one image, in single precision.  Needs no randomness."""
    layers = probe.network.layers.values()
    return jnp.stack([layer.used * layer.fan_in * layer.outputs * layer.pixels for layer in layers]).sum()
