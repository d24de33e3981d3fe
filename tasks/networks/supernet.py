"""One network that holds the weights of every architecture of a space, and behaves as the one its gates say.

Weights are shared by slicing: an architecture uses the first channels of each layer (slimmable networks,
arXiv:1812.08928), the window of its kernel size out of the largest kernel (as OFA, arXiv:1908.09791, but without a
transformation) and, where different kinds of block may stand, weights of its kind's own (SPOS, arXiv:1904.00420).
Unused channels are computed and then emptied, so one compilation serves all architectures, and `jax.vmap` over gates,
or over gates and parameters, runs many at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import lax

from hw_model.kinds import KINDS, TWO_INPUTS, Kind
from tasks.errors import TaskInputError
from tasks.networks.batch_norm import BatchNorm
from tasks.networks.blocks import DRAWN_LATER, relu6, upsample
from tasks.networks.convolution import conv
from tasks.networks.depthwise import depthwise_conv
from tasks.networks.gates import Gates, SlotGates, channel_gate, check_slots, open_gates, out_size, output_gate
from tasks.spaces.slots import Slot

Shape = tuple[int, int, int]


class Kernel(nn.Module):
    """The parameter "kernel" alone, under the name that the layer has in the static network."""

    shape: tuple[int, ...]

    @nn.compact
    def __call__(self) -> jax.Array:
        """The kernel."""
        return self.param("kernel", DRAWN_LATER, self.shape)


class SupernetBlock(nn.Module):
    """One kind of block at one slot, at its largest; layers are named as in `tasks.networks.blocks.BlockLayer`.

    linear: leave out normalisation and activation.  For who looks inside (`tasks.networks.probe`): where the collection
    "units" is mutable, what each activation is given and gives goes there, and where "unit_scales" are given, float32,
    what each activation gives is multiplied by them.
    """

    slot: Slot
    kind: str
    linear: bool = False

    @nn.compact
    def __call__(self, x: jax.Array, gates: SlotGates, train: bool) -> jax.Array:
        """[N, slot.height, slot.width, slot.in_channels] to [N, h, w, slot.out_channels].

        x must be zero in unused channels and outside the valid pixels.  The result is zero outside the valid pixels,
        but not in unused channels.
        """
        slot, k = self.slot, self.slot.kernel

        def normalise(name: str, y: Any, pixels: jax.Array | None) -> jax.Array:
            if self.linear:
                return y if pixels is None else y * pixels
            if pixels is None:
                return BatchNorm(name=name)(y, train)
            return BatchNorm(name=name)(y * pixels, train, pixels=y.shape[0] * _count(pixels)) * pixels

        def activate(name: str, y: jax.Array, channels: jax.Array, pixels: jax.Array | None) -> jax.Array:
            if self.linear:
                return y
            after = relu6(y)
            if self.is_mutable_collection("units") and not self.is_initializing():
                used = channels[None, None] if pixels is None else channels[None, None] * pixels
                self.put_variable("units", name, (y, after, jnp.broadcast_to(used, y.shape[1:])))
            return after * self.get_variable("unit_scales", name) if self.has_variable("unit_scales", name) else after

        def weights(name: str, shape: tuple[int, ...]) -> jax.Array:
            kernel = Kernel(shape, name=name)()
            if shape[0] == 1:
                return kernel
            return kernel * gates.kernel.reshape(k, k, *(1,) * (len(shape) - 2))

        sizes = {"in": slot.in_channels, "hidden": slot.hidden_channels, "out": slot.out_channels}
        y: Any = x
        pixels = None if gates.pixels is None else gates.pixels[..., None]
        kind = KINDS[self.kind]
        convolutions = iter(kind.convolutions)
        for part, following in zip(kind.parts, (*kind.parts[1:], None), strict=True):
            stride = slot.stride if part.strided else 1
            if part.operator in TWO_INPUTS:
                y = TWO_INPUTS[part.operator](x, y)
                continue
            if part.operator == "resize":
                y, pixels = upsample(y, stride), None if pixels is None else upsample(pixels[None], stride)[0]
                continue
            if part.operator == "mean":
                count = jnp.float32(y.shape[1] * y.shape[2]) if pixels is None else _count(pixels)
                y, pixels = y.sum((1, 2), keepdims=True) / count, None
                continue
            # of the first h pixels, every second one are the first ceil(h / 2) of the output
            pixels = pixels if pixels is None or stride == 1 else pixels[::stride, ::stride]
            convolution, window, inputs = next(convolutions), k if part.window else 1, sizes[part.inputs]
            before = _fit(y, (y.shape[1], y.shape[2], inputs))
            if part.operator == "conv":
                kernel = weights(convolution.name, (window, window, inputs, sizes[part.outputs]))
                y = conv(before, kernel, stride)
            else:
                y = depthwise_conv(before, weights(convolution.name, (window, window, inputs)), stride)
            if part.predicts and not slot.activation:
                y = y + self.param("bias", nn.initializers.zeros, (slot.out_channels,))
                y = y if pixels is None else y * pixels
                continue
            y = normalise(convolution.norm, y, pixels)
            if part.relu6:
                y = activate(convolution.activation, y, channel_gate(part, gates), pixels)
            if part.optional:
                y = gates.expand * y + (1 - gates.expand) * _fit(before, y.shape[1:])
            # channels meet each other in a "conv" only, so emptying the unused ones before it is enough
            if following is not None and following.operator == "conv":
                y = y * output_gate(part, gates)
        return y


class Supernet(nn.Module):
    """The supernet of a space's slots.

    Where sizes vary, every image stands in the top left corner of a canvas of the largest size that is zero
    elsewhere, and batch statistics and means count its own pixels only.  `tasks.networks.initialise` draws its
    kernels by the fan-in of the largest slice; batch normalisation makes smaller ones work as well.

    skip_unused: leave out the blocks whose gate is zero, which halves the time for gates of zeros and ones (not under
    `jax.vmap`, where all are computed), keeps their running averages, and gives zero as the gradient in such a gate.
    Without it the gradient in every gate is exact, as a search by gradients needs.  Parameters are the same.
    """

    slots: tuple[Slot, ...]
    skip_unused: bool = False

    @nn.compact
    def __call__(self, images: jax.Array, gates: Gates | None = None, train: bool = False) -> jax.Array:
        """Images float32 [N, H, W, 3] of the first slot's largest size to the last slot's output [N, h, w, channels].

        gates: of `make_gates`, for one architecture; left out only to make the parameters.  train: normalise by batch
        statistics and update running averages, which then mix all architectures: `recalibrate` before evaluation.
        Outside the valid pixels and in unused channels the output is zero.
        Raises TaskInputError for slots no supernet is made for and for images or gates of another shape.
        """
        check_slots(self.slots)
        first = self.slots[0]
        shape = (first.height, first.width, first.in_channels)
        if images.shape[1:] != shape:
            raise TaskInputError(f"images are {images.shape[1:]} (height, width, channels); the supernet takes {shape}")
        gates = open_gates(self.slots) if gates is None else gates
        if len(gates) != len(self.slots):
            raise TaskInputError(f"gates of {len(gates)} slots; the supernet has {len(self.slots)}")
        x = images
        for place, slot_gates in enumerate(gates):
            x = run_slot(self.slots, place, x, slot_gates, partial(self._compute, place, slot_gates, train))
        return x

    def _compute(
        self, place: int, gates: SlotGates, train: bool, kind: str, x: jax.Array, share: jax.Array
    ) -> jax.Array:
        """A block's output, zeros where its share of the slot's is zero and the supernet skips."""
        slot = self.slots[place]
        block = SupernetBlock(slot, kind, name=block_name(place, kind))
        if self.is_initializing() or not self.skip_unused or stands_always(slot):
            return block(x, gates, train)
        shape = (x.shape[0], out_size(slot, slot.height), out_size(slot, slot.width), slot.out_channels)
        return nn.cond(
            share != 0,
            lambda block, x, gates: block(x, gates, train),
            lambda block, x, gates: jnp.zeros(shape, x.dtype),
            block,
            x,
            gates,
        )


def block_name(place: int, kind: str) -> str:
    """What the block of a kind at the slot in that place is called among the parameters."""
    return f"slot_{place:02d}_{kind}"


def names_without_expansion(kind: Kind) -> dict[str, str]:
    """What a static block of expansion 1 calls its weighted layers, to what the supernet's block calls the same."""
    standing = [one for one in kind.convolutions if not one.part.optional]
    pairs = zip(kind.standing_convolutions(False), standing, strict=True)
    return {name: full for own, of in pairs for name, full in ((own.name, of.name), (own.norm, of.norm))}


def stands_always(slot: Slot) -> bool:
    """Whether the slot's one kind of block stands there in every architecture."""
    return len(slot.kinds) == 1 and not slot.optional


def run_slot(
    slots: tuple[Slot, ...],
    place: int,
    x: jax.Array,
    gates: SlotGates,
    compute: Callable[[str, jax.Array, jax.Array], jax.Array],
) -> jax.Array:
    """One slot of a supernet: its input x, as the slot takes it, to what the next slot takes.

    compute: the output of the block of a kind, given (kind, x, its share of the slot's output).
    """
    slot, after = slots[place], slots[place + 1] if place + 1 < len(slots) else None
    shape = _last_shape(slot) if after is None else (after.height, after.width, after.in_channels)
    total = None
    for index, kind in enumerate(slot.kinds):
        share = gates.kinds[index] * gates.present
        part = compute(kind, x, share) * (share * gates.out)
        total = part if total is None else total + part
    assert total is not None
    return _fit(total, shape) + _unchanged(x, slot, gates, shape)


def _unchanged(x: jax.Array, slot: Slot, gates: SlotGates, shape: Shape) -> jax.Array | float:
    """What of a slot's input is added to its output: all for a residual and for an absent block."""
    share = 1 - gates.present if slot.optional else 0.0
    if slot.stride == 1 and any(KINDS[kind].may_add for kind in slot.kinds):
        share = share + gates.present * gates.residual
    return 0.0 if isinstance(share, float) else _fit(x, shape) * share


def _last_shape(slot: Slot) -> Shape:
    height, width = out_size(slot, slot.height), out_size(slot, slot.width)
    if not slot.optional:
        return height, width, slot.out_channels
    return max(height, slot.height), max(width, slot.width), max(slot.out_channels, slot.in_channels)


def _fit(x: jax.Array, shape: Shape) -> jax.Array:
    """Crop or extend [N, H, W, C] to [N, *shape] by zeros behind; what is cropped never holds valid values."""
    if x.shape[1:] == shape:
        return x
    margins = [(0, new - old, 0) for new, old in zip(shape, x.shape[1:], strict=True)]
    return lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *margins])


def _count(pixels: jax.Array) -> jax.Array:
    # a place without a block may have no pixels, and must not yield 0 / 0
    return jnp.maximum(pixels.sum(), 1.0)
