"""A supernet at initialisation with all that zero-shot scores look at, its architecture traced.

It satisfies `nas_algos.zero_shot.network.Network`, which says what each part means, through the blocks that are trained
(`tasks.networks.supernet`).  The parameters are given as draws from N(0, 1), and each architecture scales its own by
its own fan-in: a slice of the largest layer, scaled for that layer, would start too small.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from hw_model.kinds import CONVOLUTIONS, KINDS, kind_index, out_size
from hw_model.workload import Workload
from tasks.networks.batch_norm import MOMENTUM
from tasks.networks.block_passes import BlockPass, block_passes
from tasks.networks.gates import Gates, SlotGates, channel_gate, open_gates
from tasks.networks.initialise import host_generator
from tasks.networks.supernet import SupernetBlock, block_name, run_slot, stands_always
from tasks.spaces.slots import Slot

Kernels = Mapping[str, jax.Array]


class Layer(NamedTuple):
    """One convolution: how many of it there are (1 or 0), weights to one output, output channels, output pixels."""

    used: Any
    fan_in: Any
    outputs: Any
    pixels: Any


class Units(NamedTuple):
    """What an activation is given and gives [N, h, w, C], and ones where that is in use [h, w, C]."""

    before: jax.Array
    after: jax.Array
    used: jax.Array


class Normalisation(NamedTuple):
    """Batch mean and variance [C], and ones for the channels in use [C]."""

    mean: jax.Array
    variance: jax.Array
    used: jax.Array


class Pass(NamedTuple):
    """What a forward pass came to."""

    output: jax.Array
    features: jax.Array
    units: dict[str, Units]
    normalisations: dict[str, Normalisation]


@dataclass(frozen=True)
class Probe:
    """One architecture.  workload: its row [len(slots)], which may be traced; gates: made from the same row.

    unit_kernels: of `draw_unit_kernels`.  images: float32 [N, H, W, C] of the first slot's largest size, zero outside
    the image.  loss_of: (output, example or None) to the task's loss.
    """

    slots: tuple[Slot, ...]
    workload: Workload
    gates: Gates
    unit_kernels: Kernels
    images: jax.Array
    loss_of: Callable[[jax.Array, Any], jax.Array]

    @property
    def layers(self) -> dict[str, Layer]:
        """Every convolution that may stand in the network."""
        found = {}
        for place, slot in enumerate(self.slots):
            row = jax.tree.map(lambda column, place=place: jnp.asarray(column[place], jnp.float32), self.workload)
            for kind in slot.kinds:
                used = row.mask * (row.kind == kind_index(kind))
                for name, layer in _block_layers(kind, row, used, slot.stride).items():
                    found[f"{block_name(place, kind)}/{name}"] = layer
        return found

    @property
    def kernels(self) -> dict[str, jax.Array]:
        """Normal with variance 2 / fan-in (arXiv:1502.01852) by the architecture's own fan-in."""
        layers = self.layers
        return {
            name: kernel * jnp.sqrt(2.0 / jnp.maximum(layers[name].fan_in, 1.0))
            for name, kernel in self.unit_kernels.items()
        }

    @property
    def pixels(self) -> jax.Array:
        """Ones where the image is, float32 [H, W]."""
        first, gate = self.slots[0], self.gates[0].pixels
        return jnp.ones((first.height, first.width)) if gate is None else gate

    def loss(self, output: jax.Array, example: Any = None) -> jax.Array:
        """The task's loss of the batch, or of one example alone."""
        return self.loss_of(output, example)

    def run(
        self,
        kernels: Kernels,
        images: jax.Array,
        normalisations: Mapping[str, Normalisation] | None = None,
        unit_scales: Mapping[str, jax.Array] | None = None,
        residuals: bool = True,
    ) -> Pass:
        """Forward pass, normalised by the batch's own statistics or by those given."""
        units, found, features = {}, {}, images
        x = images
        for place in range(len(self.slots)):
            gates = self._gates(place, residuals)
            compute = partial(self._block, place, gates, kernels, normalisations, unit_scales, units, found)
            x = run_slot(self.slots, place, x, gates, compute)
            features = x if place == self._features_at else features
        return Pass(x, features, units, found if normalisations is None else dict(normalisations))

    def run_blocks(self, kernels: Kernels, images: jax.Array) -> tuple[BlockPass, ...]:
        """Blocks with weights up to the features, normalised by the batch's own statistics."""

        def run(place: int, x: jax.Array) -> jax.Array:
            compute = partial(self._block, place, self.gates[place], kernels, None, None, {}, {})
            return run_slot(self.slots, place, x, self.gates[place], compute)

        last = self._features_at + 1
        in_channels = jnp.asarray(self.workload.in_channels)
        return block_passes(self.slots[:last], self.gates[:last], in_channels, images, run)

    def run_linear(self, kernels: Kernels, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Output of the network without normalisation and activation as (output, log of what it is to be times)."""
        x, logarithm = images, jnp.zeros(())
        for place in range(len(self.slots)):
            compute = partial(self._linear_block, place, kernels)
            x = run_slot(self.slots, place, x, self.gates[place], compute)
            scale = lax.stop_gradient(jnp.abs(x).max())
            x, logarithm = x / scale, logarithm + jnp.log(scale)
        return x, logarithm

    @property
    def _features_at(self) -> int:
        return max(place for place, slot in enumerate(self.slots) if not slot.is_head)

    def _gates(self, place: int, residuals: bool) -> SlotGates:
        gates = self.gates[place]
        return gates if residuals else gates._replace(residual=jnp.zeros(()))

    def _block(
        self,
        place: int,
        gates: SlotGates,
        kernels: Kernels,
        normalisations: Mapping[str, Normalisation] | None,
        unit_scales: Mapping[str, jax.Array] | None,
        units: dict[str, Units],
        found: dict[str, Normalisation],
        kind: str,
        x: jax.Array,
        share: jax.Array,
    ) -> jax.Array:
        """Output of one block; what it shows of itself goes into `units` and `found`."""
        slot, name = self.slots[place], block_name(place, kind)
        block, shapes = SupernetBlock(slot, kind), _block_shapes(slot, kind)
        stats = {layer: {"mean": zeros, "var": zeros} for layer, zeros in _norm_zeros(shapes).items()}
        if normalisations is not None:
            given = {layer: normalisations[f"{name}/{layer}"] for layer in stats}
            stats = {layer: {"mean": one.mean, "var": one.variance} for layer, one in given.items()}
        scaled_units = {} if unit_scales is None else _within(unit_scales, name)
        variables = {"params": _parameters(shapes, kernels, name), "batch_stats": stats, "unit_scales": scaled_units}

        def run(x: jax.Array, gates: SlotGates, variables: Any) -> Any:
            train = normalisations is None
            mutable = ["units", "batch_stats"] if train else ["units"]
            y, seen = block.apply(variables, x, gates, train=train, mutable=mutable)
            return y, seen.get("units", {}), seen.get("batch_stats", {})

        if stands_always(slot):
            y, seen, stats = run(x, gates, variables)
        else:
            shape = jax.eval_shape(run, x, gates, variables)

            def skip(*_: Any) -> Any:
                return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shape)

            y, seen, stats = lax.cond(share != 0, run, skip, x, gates, variables)
        units |= {f"{name}/{unit}": Units(*shown) for unit, shown in seen.items()}
        for layer, stat in stats.items():
            used = _norm_channels(kind, layer, gates) * (share != 0)
            # a running average that starts at zero is the batch's statistics times 1 - MOMENTUM
            mean, variance = stat["mean"] / (1 - MOMENTUM), stat["var"] / (1 - MOMENTUM)
            found[f"{name}/{layer}"] = Normalisation(mean, variance, used)
        return y

    def _linear_block(self, place: int, kernels: Kernels, kind: str, x: jax.Array, share: jax.Array) -> jax.Array:
        slot, gates = self.slots[place], self.gates[place]
        block = SupernetBlock(slot, kind, linear=True)
        params = _parameters(_block_shapes(slot, kind), kernels, block_name(place, kind))

        def run(x: jax.Array, gates: SlotGates, params: Any) -> jax.Array:
            return jnp.asarray(block.apply({"params": params}, x, gates, train=False))

        if stands_always(slot):
            return run(x, gates, params)
        shape = jax.eval_shape(run, x, gates, params).shape
        return lax.cond(share != 0, run, lambda *_: jnp.zeros(shape), x, gates, params)


def draw_unit_kernels(slots: tuple[Slot, ...], key: jax.Array) -> dict[str, np.ndarray]:
    """A draw from N(0, 1) for every weight of every convolution, by names such as "slot_00_conv/Conv_0"."""
    generator = host_generator(key)
    kernels = {}
    for place, slot in enumerate(slots):
        for kind in slot.kinds:
            for layer, leaves in _block_shapes(slot, kind).get("params", {}).items():
                if isinstance(leaves, Mapping) and "kernel" in leaves:
                    shape = leaves["kernel"].shape
                    kernels[f"{block_name(place, kind)}/{layer}"] = generator.standard_normal(shape, np.float32)
    return kernels


def _block_layers(kind: str, row: Workload, used: jax.Array, stride: int) -> dict[str, Layer]:
    """The convolutions of a block by name, from the values of its place in the workload."""
    channels = {"in": row.in_channels, "hidden": row.in_channels * row.expansion, "out": row.out_channels}
    height, width, layers = row.height, row.width, {}
    convolutions = iter(KINDS[kind].convolutions)
    for part in KINDS[kind].own_parts:
        height, width = (out_size(part.operator, size, stride if part.strided else 1) for size in (height, width))
        if part.operator not in CONVOLUTIONS:
            continue
        window = row.kernel * row.kernel if part.window else 1
        fan_in = window * channels[part.inputs] if part.operator == "conv" else window
        stands = used * (row.expansion > 1) if part.optional else used
        layers[next(convolutions).name] = Layer(stands, fan_in, channels[part.outputs], height * width)
    return layers


def _norm_channels(kind: str, norm: str, gates: SlotGates) -> jax.Array:
    """Ones for the channels in use of a normalisation, were its block in use."""
    return next(channel_gate(one.part, gates) for one in KINDS[kind].convolutions if one.norm == norm)


@cache
def _block_shapes(slot: Slot, kind: str) -> Any:
    gates = jax.eval_shape(lambda: open_gates((slot,)))[0]
    x = jax.ShapeDtypeStruct((1, slot.height, slot.width, slot.in_channels), jnp.float32)
    block = SupernetBlock(slot, kind)
    return jax.eval_shape(lambda x, gates: block.init(jax.random.key(0), x, gates, train=False), x, gates)


def _norm_zeros(shapes: Any) -> dict[str, jax.Array]:
    return {layer: jnp.zeros(leaves["mean"].shape) for layer, leaves in shapes.get("batch_stats", {}).items()}


def _within(flat: Mapping[str, jax.Array], name: str) -> dict[str, jax.Array]:
    return {path.removeprefix(f"{name}/"): leaf for path, leaf in flat.items() if path.startswith(f"{name}/")}


def _parameters(shapes: Any, kernels: Kernels, name: str) -> Any:
    """A block's parameters: the kernels given; scales one and biases zero, as they start."""

    def fill(path: tuple[Any, ...], leaf: jax.ShapeDtypeStruct) -> jax.Array:
        if path[-1].key == "kernel":
            return kernels[f"{name}/{path[0].key}"]
        return jnp.full(leaf.shape, 1.0 if path[-1].key == "scale" else 0.0, leaf.dtype)

    return jax.tree_util.tree_map_with_path(fill, shapes.get("params", {}))
