"""The state of a search as bytes, to stop and go on with the same result."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import serialization

from nas_algos.errors import AlgorithmInputError
from nas_algos.strategy import State, Strategy


def save_state(strategy: Strategy, state: State) -> bytes:
    """MessagePack bytes of a state.  Raises AlgorithmInputError for a strategy whose state is no pytree of arrays."""
    _check(strategy)
    return serialization.to_bytes(state)


def load_state(strategy: Strategy, saved: bytes) -> State:
    """The state that was saved.  Raises AlgorithmInputError unless the same strategy and settings saved it."""
    _check(strategy)
    template = strategy.init(jax.random.key(0))
    try:
        state = jax.tree.map(jnp.asarray, serialization.from_bytes(template, saved))
        same = jax.tree.all(jax.tree.map(lambda a, b: (a.shape, a.dtype) == (b.shape, b.dtype), template, state))
    except Exception as error:  # msgpack has no common ancestor of what it raises for damaged bytes
        raise AlgorithmInputError(f"{strategy.label}: this is no saved state of it ({type(error).__name__})") from error
    if not same:
        raise AlgorithmInputError(f"{strategy.label}: the state was saved with other settings or another space")
    return state


def _check(strategy: Strategy) -> None:
    if not strategy.traceable:
        raise AlgorithmInputError(
            f"{strategy.label} runs on the host alone: resume it by repeating its rounds, same key, same scores"
        )
