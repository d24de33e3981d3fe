"""What switches the parts of a supernet on and off for one architecture, as arrays of floats.

An architecture's gates are zeros and ones.  The supernet is differentiable in them and linear combinations of gates
mean something (channel masks as in FBNetV2, arXiv:2004.05565; block choices as in DARTS, arXiv:1806.09055), so a
search by gradients can hand it combinations weighted by probabilities.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from hw_model.kinds import KINDS, Part, kind_index, kind_names
from hw_model.workload import Workload
from tasks.errors import TaskInputError
from tasks.networks.windows import same_padding
from tasks.spaces.slots import Slot


class SlotGates(NamedTuple):
    """The gates of one slot; float32, each shape after the batch shape of the workload they were made from."""

    kinds: Any
    """[len(slot.kinds)], one for the kind that stands here."""
    kernel: Any
    """[K, K], ones in the window of the kernel's size."""
    hidden: Any
    """[slot.hidden_channels], ones for the channels in use, which come first."""
    out: Any
    """[slot.out_channels], likewise.  Those of the input need no gate: the slot before has emptied the others."""
    inner: Any
    """[slot.in_channels], likewise for parts within a block that give as many channels as its input has, or None where
    no kind that may stand here has such a part."""
    expand: Any
    """Scalar, zero for an ibn of expansion 1, which has no expanding convolution."""
    present: Any
    """Scalar, zero where no block stands here."""
    residual: Any
    """Scalar, one where the input is added to the output."""
    pixels: Any
    """[slot.height, slot.width], ones for the part of the canvas that the slot's input takes, or None where the space
    has one size for all."""


Gates = tuple[SlotGates, ...]


def make_gates(slots: tuple[Slot, ...], workload: Workload, varying_size: bool = False) -> Gates:
    """The gates of the architecture in each row of a workload [..., len(slots)], which may be traced.

    NumPy in, NumPy out, so that nothing is compiled for a few networks.

    varying_size: whether the space decides over sizes of activations (input resolution, output stride).
    Raises TaskInputError for slots no supernet is made for, and, unless traced, for a workload that does not fit.
    """
    check_slots(slots)
    if not varying_size:
        _check_one_size(slots)
    if not any(isinstance(column, Tracer) for column in workload):
        check_workload(slots, workload, varying_size)
    xp, gates = jnp if any(isinstance(column, jax.Array) for column in workload) else np, []
    for place, slot in enumerate(slots):
        row = jax.tree.map(lambda column, place=place: xp.asarray(column)[..., place, None], workload)
        kinds = np.array([kind_index(kind) for kind in slot.kinds], np.int32)
        windows = xp.asarray(_windows(slot))
        pixels = None
        if varying_size:
            rows, columns = _first(row.height, slot.height, xp), _first(row.width, slot.width, xp)
            pixels = rows[..., :, None] * columns[..., None, :]
        gates.append(
            SlotGates(
                kinds=(row.kind == xp.asarray(kinds)).astype(np.float32),
                kernel=windows[xp.clip(row.kernel[..., 0], 0, slot.kernel)],
                hidden=_first(row.in_channels * row.expansion, slot.hidden_channels, xp),
                out=_first(row.out_channels, slot.out_channels, xp),
                inner=_first(row.in_channels, slot.in_channels, xp) if _has_inner(slot) else None,
                expand=(row.expansion[..., 0] > 1).astype(np.float32),
                present=row.mask[..., 0].astype(np.float32),
                residual=row.residual[..., 0].astype(np.float32),
                pixels=pixels,
            )
        )
    return tuple(gates)


def open_gates(slots: tuple[Slot, ...]) -> Gates:
    """All gates one, no image sizes: every part at its largest, to make the parameters with."""
    ones = jnp.ones
    return tuple(
        SlotGates(
            kinds=ones(len(slot.kinds)),
            kernel=ones((slot.kernel, slot.kernel)),
            hidden=ones(slot.hidden_channels),
            out=ones(slot.out_channels),
            inner=ones(slot.in_channels) if _has_inner(slot) else None,
            expand=ones(()),
            present=ones(()),
            residual=ones(()),
            pixels=None,
        )
        for slot in slots
    )


def channel_gate(part: Part, gates: SlotGates) -> Any:
    """Ones for the channels that a part of a block gives, were its block in use: float32 [..., channels]."""
    gate = output_gate(part, gates)
    return gate * gates.expand if part.optional else gate


def output_gate(part: Part, gates: SlotGates) -> Any:
    """Ones for the channels behind a part of a block, which are its input's where it is left out."""
    return {"in": gates.inner, "hidden": gates.hidden, "out": gates.out}[part.outputs]


def window_start(slot: Slot, kernel: int) -> tuple[int, int]:
    """Row and column where the window of a kernel starts in the slot's largest: where padding "SAME" puts it.

    That is the centre, but for a kernel of 1 under a stride of 2 where the size is even.
    """
    starts = [
        same_padding(size, slot.kernel, slot.stride)[0] - same_padding(size, kernel, slot.stride)[0]
        for size in (slot.height, slot.width)
    ]
    return starts[0], starts[1]


def check_slots(slots: tuple[Slot, ...]) -> None:
    """Raise TaskInputError unless a supernet can be made for the slots."""
    gated = kind_names(lambda kind: kind.in_supernet)
    windowed = kind_names(lambda kind: kind.in_supernet and kind.has_window)
    predicting = kind_names(lambda kind: kind.in_supernet and kind.predicts)
    for place, slot in enumerate(slots):
        unknown = set(slot.kinds) - set(gated)
        if unknown or not slot.kinds:
            found = ", ".join(sorted(unknown)) or "no kind"
            raise TaskInputError(f"slot {place}: {found} in a supernet; allowed: {', '.join(gated)}")
        if len(slot.kinds) > 1 and not set(slot.kinds) <= set(windowed):
            raise TaskInputError(
                f"slot {place}: kinds {', '.join(slot.kinds)} change the size differently; "
                f"allowed together: {', '.join(windowed)}"
            )
        if not slot.activation and (len(slot.kinds) > 1 or set(slot.kinds) - set(predicting)):
            raise TaskInputError(
                f"slot {place}: a predicting layer of kind {', '.join(slot.kinds)}; "
                f"allowed: a {' or '.join(predicting)} alone"
            )


def out_size(slot: Slot, size: int) -> int:
    """Pixels along one axis of the output of a slot with a block over an input of `size` pixels."""
    # kinds that stand together all change the size alike, see check_slots
    return KINDS[slot.kinds[0]].out_size(size, slot.stride)


def _check_one_size(slots: tuple[Slot, ...]) -> None:
    for place, slot in enumerate(slots):
        sizes = slot.height, slot.width
        gives = tuple(out_size(slot, size) for size in sizes)
        takes = (slots[place + 1].height, slots[place + 1].width) if place + 1 < len(slots) else gives
        if gives != takes or (slot.optional and gives != sizes):
            raise TaskInputError(
                f"slot {place} gives {gives[0]}x{gives[1]} pixels, or its input if it is empty, and the next takes "
                f"{takes[0]}x{takes[1]}; only with varying_size=True may that differ"
            )


def check_workload(slots: tuple[Slot, ...], workload: Workload, varying_size: bool) -> None:
    """Raise TaskInputError unless each row of a workload [..., len(slots)] of known values fits into the slots."""
    if workload.length != len(slots):
        raise TaskInputError(f"workload has {workload.length} places for blocks; the supernet has {len(slots)}")
    # equal rows are met once: a space has many architectures, but few blocks at a place
    table = np.stack([np.asarray(column).reshape(-1, len(slots)).astype(np.int64) for column in workload], axis=-1)
    for place, slot in enumerate(slots):
        for values in np.unique(table[:, place], axis=0):
            _check_place(place, slot, Workload(*values.tolist()), varying_size)


def _check_place(place: int, slot: Slot, row: Workload, varying_size: bool) -> None:
    if not row.mask:
        if not slot.optional:
            raise TaskInputError(f"slot {place} is empty; it is not an optional one")
        return
    name = list(KINDS)[row.kind]
    if name not in slot.kinds:
        raise TaskInputError(f"slot {place} holds a {name}; allowed: {', '.join(slot.kinds)}")
    kind = KINDS[name]
    found = {
        "in_channels": row.in_channels,
        "out_channels": row.out_channels,
        "hidden channels": row.in_channels * row.expansion if kind.has_hidden else 0,
        "kernel": row.kernel if kind.has_window else 0,
        "height": row.height,
        "width": row.width,
    }
    largest = (slot.in_channels, slot.out_channels, slot.hidden_channels, slot.kernel, slot.height, slot.width)
    for (field, value), limit in zip(found.items(), largest, strict=True):
        exact = field in ("height", "width") and not varying_size
        if value > limit or (exact and value != limit):
            raise TaskInputError(f"slot {place}: {field} is {value}; allowed: {'' if exact else 'at most '}{limit}")
    if kind.has_stride and row.stride != slot.stride:
        raise TaskInputError(f"slot {place}: stride is {row.stride}; allowed: {slot.stride}")
    if bool(row.activation) != slot.activation and kind.predicts:
        raise TaskInputError(f"slot {place}: activation is {bool(row.activation)}; allowed: {slot.activation}")
    if kind.has_window:
        for size, canvas in ((row.height, slot.height), (row.width, slot.width)):
            if same_padding(size, row.kernel, slot.stride)[0] != same_padding(canvas, row.kernel, slot.stride)[0]:
                raise TaskInputError(
                    f"slot {place}: kernel {row.kernel} with stride {slot.stride} stands differently over {size} pixels"
                    f" than over the canvas of {canvas}; allowed: sizes that leave {canvas % slot.stride} when divided"
                    f" by {slot.stride}"
                )


def _has_inner(slot: Slot) -> bool:
    return any(one.part.outputs == "in" for kind in slot.kinds for one in KINDS[kind].convolutions)


def _first(count: Any, size: int, xp: Any) -> Any:
    """Ones for the first `count` [..., 1] of `size` places: float32 [..., size]."""
    return (xp.arange(size) < count).astype(np.float32)


@cache
def _windows(slot: Slot) -> np.ndarray:
    """The kernel gate for each kernel size: float32 [K + 1, K, K]."""
    windows = np.zeros((slot.kernel + 1, slot.kernel, slot.kernel), np.float32)
    for kernel in range(1, slot.kernel + 1):
        row, column = window_start(slot, kernel)
        windows[kernel, row : row + kernel, column : column + kernel] = 1.0
    return windows
