"""A device of one's own whose blocks were timed, as a CSV file: a row a block; a network's latency is their sum.

    kind,height,width,in_channels,out_channels,kernel,stride,expansion,residual,activation,latency_ms
    conv,96,96,3,16,3,2,1,no,yes,0.41
    ibn,48,48,16,24,3,2,6,no,yes,1.93
    conv,24,24,24,5,1,1,1,no,no,0.02

Columns are fields of `hw_model.blocks.Block` and `latency_ms`.  A field that is left out, or empty, has the value that
it has in network files: kernel 3, or 1 where the kind has none; stride 1, 2 for upsample; expansion 1; residual no;
activation yes, which a layer that predicts has not.  Rows of the same block are timings of it, whose mean counts;
blocks that differ in what means nothing to their kind, such as the kernel of a mean, are the same.  What is no latency
is counted from the network: parameters, multiply-accumulates, and the bytes of the largest int8 tensors that live at
once, held inputs of residuals counted with channels padded to sixteen; energy and traffic are not known.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from hw_model.blocks import Block, check_block, check_chain
from hw_model.cost import Estimate
from hw_model.errors import HardwareInputError, short
from hw_model.files import write_whole
from hw_model.kinds import KINDS, kind_index
from hw_model.npu.model import Npu, npu_estimate
from hw_model.workload import Workload, close_gaps, workload_from_chains

LATENCY = "latency_ms"
MAX_ROWS = 100_000
MAX_BYTES = 32 * 2**20
LATENCIES_MS = (1e-30, 1e30)
"""Besides 0: what single precision tells from 0, and can add up."""
_NEEDED = ("kind", "height", "width", "in_channels", "out_channels")
_WHOLE = (*_NEEDED[1:], "kernel", "stride", "expansion")
_BOOLEANS = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}
_FIELDS = ("kind", *_WHOLE, "residual", "activation")
_ACTIVATES = np.array([any(part.relu6 == "block" for part in kind.parts) for kind in KINDS.values()])
"""Of each kind, whether `activation` means anything."""
_HAS_KERNEL = np.array([kind.has_kernel for kind in KINDS.values()])
"""Likewise `kernel`."""
_HAS_STRIDE = np.array([kind.has_stride for kind in KINDS.values()])
"""Likewise `stride`."""
_COUNTS = Npu(1.0, 1.0, sram_bytes=2.0**40, channel_alignment=1.0)
"""Counts what needs no clock."""


class BlockTable(NamedTuple):
    """R timed blocks; a pytree of arrays."""

    hashes: Any
    """uint32[R], ascending, no two the same."""
    fields: Any
    """int32[R, len(_FIELDS)]."""
    latency_ms: Any
    """float32[R]."""
    multiplier: Any
    """uint32, that the hashes were made with."""


def read_blocks(path: Path) -> dict[Block, float]:
    """Milliseconds of each block of such a file.  Raises HardwareInputError, naming the line, for what is none."""
    where = f"blocks {str(path)[-120:]!r}"
    try:
        if path.stat().st_size > MAX_BYTES:
            raise HardwareInputError(f"{where}: more than {MAX_BYTES >> 20} MiB")
        rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig")), skipinitialspace=True, strict=True))
    except (OSError, ValueError, csv.Error) as error:  # paths that are none and text that is no UTF-8 are ValueErrors
        reason = error.strerror if isinstance(error, OSError) else str(error)[:120]
        raise HardwareInputError(f"{where}: cannot be read as CSV ({reason})") from error
    names = [name.strip() for name in rows[0]] if rows else []
    allowed = (*_FIELDS, LATENCY)
    if wrong := [name for name in names if name not in allowed or names.count(name) > 1]:
        raise HardwareInputError(f"{where}: column {short(wrong[0])}; allowed, once each: {', '.join(allowed)}")
    if missing := [name for name in (*_NEEDED, LATENCY) if name not in names]:
        raise HardwareInputError(f"{where}: no column {missing[0]}; needed: {', '.join((*_NEEDED, LATENCY))}")
    if not 1 <= len(rows) - 1 <= MAX_ROWS:
        raise HardwareInputError(f"{where}: {len(rows) - 1} rows; allowed: 1 to {MAX_ROWS}")
    found: dict[Block, list[float]] = {}
    for line, values in enumerate(rows[1:], start=2):
        if not values:
            continue
        try:
            if len(values) != len(names):
                raise HardwareInputError(f"{len(values)} values in {len(names)} columns; allowed: one for each")
            block, latency_ms = _row({name: value.strip() for name, value in zip(names, values, strict=True) if value})
        except HardwareInputError as error:
            raise HardwareInputError(f"{where}: line {line}: {str(error).removeprefix('block 0')}") from error
        found.setdefault(block, []).append(latency_ms)
    if not found:
        raise HardwareInputError(f"{where}: no row; allowed: 1 to {MAX_ROWS}")
    return {block: sum(times) / len(times) for block, times in found.items()}


def save_blocks(path: Path, blocks: Mapping[Block, float]) -> None:
    """Write milliseconds of blocks as such a file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_FIELDS, LATENCY])
    for block, latency_ms in blocks.items():
        values = [getattr(block, name) for name in _FIELDS]
        writer.writerow([("no", "yes")[each] if isinstance(each, bool) else each for each in values] + [latency_ms])
    write_whole(path, text.getvalue())


def block_table(blocks: Mapping[Block, float]) -> BlockTable:
    """What `block_estimate` looks up.  Raises HardwareInputError for no block and for one that is not allowed."""
    if not blocks:
        raise HardwareInputError("no blocks; allowed: one and more")
    fields = np.asarray(_fields(workload_from_chains([[block] for block in blocks])))[:, 0]
    latency_ms = np.array(list(blocks.values()), np.float32)
    # blocks that differ in what means nothing are one
    fields, place, count = np.unique(fields, axis=0, return_inverse=True, return_counts=True)
    latency_ms = (np.bincount(place.reshape(-1), latency_ms) / count).astype(np.float32)
    for multiplier in range(2_654_435_761, 2**32, 2):
        hashes = np.asarray(_hashes(fields, np.uint32(multiplier)))
        order = np.argsort(hashes)
        if (np.diff(hashes[order].astype(np.int64)) > 0).all():
            return BlockTable(hashes[order], fields[order], latency_ms[order], np.uint32(multiplier))
    raise AssertionError("every multiplier gives two blocks one hash")


def block_estimate(table: BlockTable, work: Workload) -> Estimate:
    """Cost of a workload [..., L], pure, as jit needs it.  Latency and memory are infinite where a block is not in the
    table, which breaks every bound.

    Standard deviations, energy and traffic are NaN.
    """
    work = close_gaps(work)
    fields = _fields(work)
    hashes = _hashes(fields, jnp.asarray(table.multiplier))
    place = jnp.minimum(jnp.searchsorted(jnp.asarray(table.hashes), hashes), len(table.hashes) - 1)
    known = (jnp.asarray(table.fields)[place] == fields).all(-1)
    each = jnp.where(work.mask, jnp.where(known, jnp.asarray(table.latency_ms)[place], jnp.inf), 0.0)
    counted = npu_estimate(_COUNTS, work)
    latency_ms = each.sum(-1)
    unknown, over = jnp.full_like(latency_ms, jnp.nan), jnp.where(jnp.isinf(latency_ms), jnp.inf, 0.0)
    cost = counted.cost._replace(
        latency_ms=latency_ms,
        param_bytes=counted.cost.param_bytes + over,
        peak_activation_bytes=counted.cost.peak_activation_bytes + over,
        energy_mj=unknown,
        off_chip_bytes=unknown,
    )
    return counted._replace(cost=cost, block_latency_ms=each)


def _row(given: Mapping[str, str]) -> tuple[Block, float]:
    kind = given.get("kind", "")
    if kind not in KINDS:
        raise HardwareInputError(f"kind {short(kind)}; allowed: {', '.join(KINDS)}")
    values: dict[str, Any] = {"kind": kind, "kernel": 3 if KINDS[kind].has_kernel else 1}
    values["stride"] = 2 if KINDS[kind].enlarges else 1
    for name in _WHOLE:
        if name in given:
            if not (given[name].isascii() and given[name].isdigit() and len(given[name]) < 9):
                raise HardwareInputError(f"{name} {short(given[name])}; allowed: whole numbers")
            values[name] = int(given[name])
        elif name in _NEEDED:
            raise HardwareInputError(f"no {name}; allowed: a whole number")
    for name in ("residual", "activation"):
        if name in given:
            if given[name].lower() not in _BOOLEANS:
                raise HardwareInputError(f"{name} {short(given[name])}; allowed: yes, no")
            values[name] = _BOOLEANS[given[name].lower()]
    text = given.get(LATENCY, "")
    try:
        latency_ms = float(text) if text.isascii() else math.nan
    except ValueError:
        latency_ms = math.nan
    least, most = LATENCIES_MS
    if not (latency_ms == 0 or least <= latency_ms <= most):
        raise HardwareInputError(f"{LATENCY} {short(text)}; allowed: 0, or numbers from {least:g} to {most:g}")
    block = Block(**values)
    check_block(block)
    check_chain([block])
    return _without_meaningless(block), latency_ms


def _without_meaningless(block: Block) -> Block:
    """The block with what means nothing to its kind as `_fields` has it."""
    place = kind_index(block.kind)
    return replace(
        block,
        kernel=block.kernel if _HAS_KERNEL[place] else 1,
        stride=block.stride if _HAS_STRIDE[place] else 1,
        activation=block.activation or not _ACTIVATES[place],
    )


def _fields(work: Workload) -> Array:
    """int32[..., L, fields], what means nothing to a kind made the same for all."""
    work = work._replace(
        kernel=jnp.where(jnp.asarray(_HAS_KERNEL)[work.kind], work.kernel, 1),
        stride=jnp.where(jnp.asarray(_HAS_STRIDE)[work.kind], work.stride, 1),
        activation=jnp.where(jnp.asarray(_ACTIVATES)[work.kind], work.activation, True),
    )
    columns = [getattr(work, name) for name in _FIELDS]
    return jnp.stack([jnp.asarray(column).astype(jnp.int32) for column in columns], -1)


def _hashes(fields: Any, multiplier: Any) -> Array:
    found = jnp.zeros(fields.shape[:-1], jnp.uint32)
    for place in range(fields.shape[-1]):
        found = (found ^ jnp.asarray(fields[..., place]).astype(jnp.uint32)) * multiplier
        found = found ^ (found >> 15)
    return found
