"""The weights of one architecture, cut out of a supernet's."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hw_model.blocks import Block
from hw_model.kinds import KINDS
from hw_model.workload import Workload, chains_from_workload
from tasks.errors import TaskInputError
from tasks.networks.blocks import ChainNetwork, layer_name
from tasks.networks.gates import check_workload, window_start
from tasks.networks.supernet import block_name, names_without_expansion
from tasks.spaces.slots import Slot


def slice_variables(variables: Any, slots: tuple[Slot, ...], workload: Workload) -> Any:
    """Variables for `ChainNetwork(blocks)` from those of `Supernet(slots)`, for one architecture.

    variables: {collection: tree} with any of "params", "batch_stats", or trees shaped like them, such as gradients.
    workload: the architecture's row [len(slots)], as the space lowers it; blocks are what it holds, which is what the
    space decodes the same genotype to.  Raises TaskInputError for a row that does not fit into the slots.
    """
    if np.ndim(workload.mask) != 1:
        raise TaskInputError(f"workload of shape {np.shape(workload.mask)}; allowed: one row, ({len(slots)},)")
    check_workload(slots, workload, varying_size=True)
    (blocks,) = chains_from_workload(jax.tree.map(lambda column: np.asarray(column)[None], workload))
    first = blocks[0]
    images = jax.ShapeDtypeStruct((1, first.height, first.width, first.in_channels), jnp.float32)
    shapes = jax.eval_shape(lambda x: ChainNetwork(blocks).init(jax.random.key(0), x, train=False), images)
    places = np.flatnonzero(np.asarray(workload.mask))
    layers = {layer_name(index, block): (index, block) for index, block in enumerate(blocks)}

    def cut(path: tuple[Any, ...], leaf: jax.ShapeDtypeStruct) -> jax.Array:
        collection, layer, *names = (part.key for part in path)
        index, block = layers[layer]
        place = int(places[index])
        if block.expansion == 1:
            names = [names_without_expansion(KINDS[block.kind]).get(names[0], names[0]), *names[1:]]
        source = variables[collection][block_name(place, block.kind)]
        for name in names:
            source = source[name]
        return source[_region(slots[place], block, names, leaf.shape, source.shape)]

    return jax.tree_util.tree_map_with_path(cut, {name: shapes[name] for name in variables if name in shapes})


def _region(
    slot: Slot, block: Block, names: list[str], shape: tuple[int, ...], largest: tuple[int, ...]
) -> tuple[slice, ...]:
    """The first `shape` values along each axis; of a kernel larger than 1 x 1, the window of the block's size."""
    starts = [0] * len(shape)
    if names[-1] == "kernel" and largest[0] > 1:
        starts[:2] = window_start(slot, block.kernel)
    return tuple(slice(start, start + size) for start, size in zip(starts, shape, strict=True))
