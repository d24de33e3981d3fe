"""Networks as arrays: a struct of arrays over blocks, of fixed length, so that one jitted call costs a whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from hw_model.blocks import Block, check_chain
from hw_model.errors import HardwareInputError
from hw_model.kinds import KINDS


class Workload(NamedTuple):
    """A chain of blocks, or a batch of them; every field has the shape [..., L]."""

    kind: Any
    """int32, the place in hw_model.kinds.KINDS."""
    height: Any
    """int32, of the input in pixels, as in Block."""
    width: Any
    """int32, of the input in pixels."""
    in_channels: Any
    """int32."""
    out_channels: Any
    """int32."""
    kernel: Any
    """int32."""
    stride: Any
    """int32."""
    expansion: Any
    """int32."""
    residual: Any
    """bool."""
    activation: Any
    """bool."""
    mask: Any
    """bool, False where there is no block; such a place costs nothing and may lie anywhere, the blocks around it are
    neighbours then."""

    @property
    def length(self) -> int:
        """Places for blocks, L."""
        return self.kind.shape[-1]


_BOOLEANS = ("residual", "activation")


def workload_from_chains(chains: Sequence[Sequence[Block]], length: int | None = None) -> Workload:
    """A batch of chains as numpy arrays of the shape [len(chains), length].

    length: of the longest chain if not given.  Raises HardwareInputError when a chain is not allowed or too long.
    """
    for chain in chains:
        check_chain(chain)
    longest = max((len(chain) for chain in chains), default=1)
    length = longest if length is None else length
    if longest > length:
        raise HardwareInputError(f"a network has {longest} blocks; allowed in this workload: 1 to {length}")
    shape = (len(chains), length)
    # places without a block hold a harmless one, so that no logarithm or division meets a zero
    columns = {field.name: np.ones(shape, np.int32) for field in fields(Block)}
    columns["kind"] = np.zeros(shape, np.int32)
    columns |= {name: np.zeros(shape, bool) for name in _BOOLEANS}
    mask, index = np.zeros(shape, bool), {kind: place for place, kind in enumerate(KINDS)}
    for row, chain in enumerate(chains):
        mask[row, : len(chain)] = True
        for name, column in columns.items():
            values = [getattr(block, name) for block in chain]
            column[row, : len(chain)] = [index[kind] for kind in values] if name == "kind" else values
    return Workload(**columns, mask=mask)


def chains_from_workload(workload: Workload) -> list[tuple[Block, ...]]:
    """The chains of a batch [N, L] as blocks again, places without a block left out."""
    columns = {field.name: np.asarray(getattr(workload, field.name)) for field in fields(Block)}
    mask = np.asarray(workload.mask)
    chains, names = [], list(KINDS)
    for row in range(mask.shape[0]):
        values = [
            {name: column[row, place].item() for name, column in columns.items()} for place in np.flatnonzero(mask[row])
        ]
        chains.append(tuple(Block(**(value | {"kind": names[value["kind"]]})) for value in values))
    return chains


def close_gaps(workload: Workload) -> Workload:
    """The same blocks in the same order, those without a mask moved behind the others; works on any batch shape."""
    order = jnp.argsort(~workload.mask, axis=-1, stable=True)
    return jax.tree.map(lambda column: jnp.take_along_axis(column, order, axis=-1), workload)
