"""What each block of a network gives for a batch, and gradients of its input: for scores that look at blocks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hw_model.kinds import KINDS
from tasks.networks.gates import Gates, SlotGates, out_size
from tasks.spaces.slots import Slot


class BlockPass(NamedTuple):
    """One block with weights; `nas_algos.zero_shot.network.BlockPass` says what each field means."""

    output: jax.Array
    pixels: jax.Array
    channels: Any
    used: Any
    stride: int
    input_gradient: Callable[[jax.Array], jax.Array]


def block_passes(
    slots: tuple[Slot, ...],
    gates: Gates,
    in_channels: jax.Array,
    images: jax.Array,
    run: Callable[[int, jax.Array], jax.Array],
) -> tuple[BlockPass, ...]:
    """Of each of these slots whose kinds have weights, in order; the first slot takes the images.

    in_channels: in use at each place, int32 [places].  run: a place's input [N, H, W, C], as its slot takes it, to what
    the next slot takes.
    """
    x, found = images, []
    for place, (slot, own) in enumerate(zip(slots, gates, strict=True)):
        used = (jnp.arange(slot.in_channels) < in_channels[place]).astype(jnp.float32)[None, None, None]
        used = used if own.pixels is None else used * own.pixels[None, :, :, None]
        # an empty place passes on all that it gets; what would be in use there is that of a stand-in
        used = jnp.where(own.present > 0, used, 1.0)

        def one(
            x: jax.Array, place: int = place, slot: Slot = slot, used: jax.Array = used
        ) -> tuple[jax.Array, jax.Array]:
            # what is not in use is zero already, but would have a gradient
            y = run(place, x * used)
            # what the next slot takes is larger where this place may be empty
            return y[:, : out_size(slot, slot.height), : out_size(slot, slot.width), : slot.out_channels], y

        output, pull, x = jax.vjp(one, x, has_aux=True)
        if KINDS[slot.kinds[0]].convolutions:  # kinds without weights stand alone, see check_slots
            pixels = _output_pixels(slot, own, output.shape[1:3])
            gradient = partial(_first, pull)
            found.append(BlockPass(output, pixels, own.out, own.present, slot.stride, gradient))
    return tuple(found)


def _output_pixels(slot: Slot, gates: SlotGates, size: tuple[int, ...]) -> jax.Array:
    # of the first h pixels, every second one are the first ceil(h / 2) of the output
    return jnp.ones(size) if gates.pixels is None else gates.pixels[:: slot.stride, :: slot.stride]


def _first(pull: Callable[[jax.Array], tuple[jax.Array]], cotangent: jax.Array) -> jax.Array:
    return pull(cotangent)[0]
