"""What a surrogate sees of a network: numbers of each stage of its task's skeleton, and of the whole network.

Every space of a task decides over parts of one skeleton, so that the networks of all of them fit into the places of its
uncurated space.  All is traceable.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.errors import BenchmarkInputError
from hw_model.kinds import kind_index
from hw_model.operator_arrays import operator_arrays
from hw_model.workload import Workload
from tasks.spaces.layer import Choice, Layer
from tasks.spaces.lowering import MULTIPLIER, scale_channels
from tasks.spaces.space import SearchSpace

# kinds of block that a place of a skeleton may choose from; others stand where they stand in every network
_CHOSEN = ("conv", "ibn", "fused_ibn")


def places(space: SearchSpace, layout: SearchSpace) -> np.ndarray:
    """Where each layer of a space stands among the layout's, int [layers].

    Raises BenchmarkInputError for a space over another skeleton.
    """
    known, found = _names(layout.layers), _names(space.layers)
    strange = [name for name in found if name not in known]
    if strange or space.input_channels != layout.input_channels:
        raise BenchmarkInputError(
            f"space {space.name} has a layer {(strange or ['of other images'])[0]!r} that the task's skeleton has not; "
            "allowed: spaces over that, as examples/my_channels.py has one"
        )
    return np.array([known.index(name) for name in found])


def check_trained(space: SearchSpace, layout: SearchSpace) -> None:
    """A surrogate knows what was trained: kinds of block, kernels and input sides of the layout, and its range of
    channels.

    Raises BenchmarkInputError for a space over another skeleton, or with choices beyond these.
    """

    def check(what: str, found: Sequence[Choice], trained: Sequence[Choice]) -> None:
        strange = [choice for choice in found if choice not in trained]
        if strange:
            allowed = ", ".join(map(str, trained)) if len(trained) < 10 else f"{min(trained)} to {max(trained)}"
            raise BenchmarkInputError(
                f"space {space.name}: {what} {strange[0]}, which no trained network has; allowed: {allowed}"
            )

    names = _names(layout.layers)
    multipliers = next((decision.choices for decision in space.decisions if decision.name == MULTIPLIER), (1.0,))
    for place, layer in zip(places(space, layout), space.layers, strict=True):
        name, known = names[place], layout.layers[place]
        check(f"{name} is", space.options(layer.block), layout.options(known.block))
        check(f"{name} has kernels of", space.options(layer.kernel), layout.options(known.kernel))
        if layer.channels is not None and not layer.fixed_channels:
            widths = [
                scale_channels(int(width), float(multiplier), space.channel_step)
                for width in space.options(layer.channels)
                for multiplier in multipliers
            ]
            check(f"{name} has channels", widths, layout.options(known.channels))
    check("input_side is", space.options(space.input_side), layout.options(layout.input_side))


def _names(layers: tuple[Layer, ...]) -> list[str]:
    """A name for each layer: its decision's, or its kind with a number where it is not chosen."""
    names: list[str] = []
    for layer in layers:
        kind = f"{layer.block} to outputs" if layer.fixed_channels else layer.block
        names.append(kind if kind not in names else f"{kind} {sum(name.startswith(kind) for name in names) + 1}")
    return names


def in_layout(workload: Workload, at: np.ndarray, length: int) -> Workload:
    """A workload [..., L] of a space at its places among so many; the others are empty."""

    def spread(name: str, column: Any) -> jax.Array:
        column = jnp.asarray(column)
        empty = jnp.full(
            (*column.shape[:-1], length), name not in ("kind", "residual", "activation", "mask"), column.dtype
        )
        return empty.at[..., at].set(column)

    return Workload(**{name: spread(name, getattr(workload, name)) for name in Workload._fields})


def stages(layout: SearchSpace) -> dict[str, list[int]]:
    """The places of each stage, which are those that share a decision over channels, by that decision's name."""
    found: dict[str, list[int]] = {}
    for place, layer in enumerate(layout.layers):
        if isinstance(layer.channels, str):
            found.setdefault(layer.channels, []).append(place)
    return found


def features(workload: Workload, layout: SearchSpace) -> jax.Array:
    """float32 [..., F] of networks [..., L] in their task's layout.

    Numbers of whole stages tell more of networks of other kinds and depths than numbers of each place, of which many
    are of blocks that are not there.  The last one is 0 and stands for a network that is trained alone;
    `tables.trained` has 1 there for those that an accelerator trained many at once, which end a little lower.
    """
    operators = operator_arrays(workload)
    there = jnp.asarray(workload.mask)
    macs, weights = operators.macs.sum(-1), operators.weights.sum(-1)
    kind, expansion = jnp.asarray(workload.kind), jnp.asarray(workload.expansion)
    hidden = jnp.where(there, jnp.asarray(workload.in_channels) * expansion, 0)
    outputs = jnp.where(there, jnp.asarray(workload.out_channels), 1)
    is_kind = [there & (kind == kind_index(name)) for name in _CHOSEN]
    convolves = jnp.stack(is_kind).any(0)
    expands = jnp.where(is_kind[1] | is_kind[2], expansion, 0)
    columns = []
    for places_of in stages(layout).values():
        own = np.array(places_of)
        count = there[..., own].sum(-1)
        mean = 1 / jnp.maximum(count, 1)
        columns += [
            count,
            jnp.log(outputs[..., own].max(-1).astype(jnp.float32)),
            jnp.log1p(macs[..., own].sum(-1)),
            jnp.log1p(weights[..., own].sum(-1)),
            jnp.log1p(hidden[..., own].sum(-1).astype(jnp.float32)),
            *(each[..., own].sum(-1) * mean for each in is_kind),
            (convolves * jnp.asarray(workload.kernel))[..., own].max(-1),
            expands[..., own].sum(-1) * mean,
            (there & jnp.asarray(workload.residual))[..., own].sum(-1),
        ]
    field = _receptive_field(workload, convolves)
    columns += [
        jnp.log(macs.sum(-1)),
        jnp.log(weights.sum(-1)),
        jnp.log(
            jnp.where(operators.mask, operators.height * operators.width * operators.out_channels, 0.0).sum((-2, -1))
        ),
        jnp.log(jnp.asarray(workload.height)[..., 0].astype(jnp.float32)),
        jnp.log(field),
        there.sum(-1),
        convolves.sum(-1),
        jnp.zeros_like(field),
    ]
    return jnp.stack([jnp.asarray(column, jnp.float32) for column in columns], axis=-1)


def _receptive_field(workload: Workload, convolves: jax.Array) -> jax.Array:
    """Pixels of the input that an output sees along an axis, [...]."""
    field = step = jnp.ones(convolves.shape[:-1], jnp.float32)
    upsamples = jnp.asarray(workload.kind) == kind_index("upsample")
    for place in range(workload.length):
        reach = (jnp.asarray(workload.kernel)[..., place] - 1) * step
        field = field + jnp.where(convolves[..., place], reach, 0.0)
        stride = jnp.asarray(workload.stride)[..., place].astype(jnp.float32)
        step = jnp.where(upsamples[..., place], step / stride, step * stride)
    return field
