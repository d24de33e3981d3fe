"""Profiles of many networks in one parquet file: what the estimator learns from and is evaluated by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hw_model.blocks import Block, check_chain
from hw_model.errors import HardwareInputError
from hw_model.files import unfinished_beside
from hw_model.operators import OperatorReport, chain_operators
from hw_model.vela.accelerators import Target
from hw_model.vela.core import COMPILER_VERSION
from hw_model.vela.tflite_writer import WRITER_VERSION

_BLOCK = pa.struct(
    [
        ("kind", pa.string()),
        *[(name, pa.int16()) for name in ("height", "width", "in_channels", "out_channels")],
        *[(name, pa.int8()) for name in ("kernel", "stride", "expansion")],
        ("residual", pa.bool_()),
        ("activation", pa.bool_()),
    ]
)
_COLUMNS = [
    ("set", pa.string()),
    ("blocks", pa.list_(_BLOCK)),
    ("cycles", pa.int64()),
    ("peak_activation_bytes", pa.int64()),
    ("operator_cycles", pa.list_(pa.int64())),
    ("operator_sram_bytes", pa.list_(pa.int64())),
    ("operator_sram_traffic_bytes", pa.list_(pa.int64())),
    ("operator_off_chip_bytes", pa.list_(pa.int64())),
]


@dataclass(frozen=True)
class MeasuredChain:
    """A chain of blocks with what was measured of it."""

    set: str
    """Where it was drawn from, such as "train-curated-96"."""
    blocks: tuple[Block, ...]
    """The network."""
    report: OperatorReport
    """Of the whole and of each operator."""


def save_dataset(path: Path, chains: Sequence[MeasuredChain], accelerator: Target) -> None:
    """Write the chains, atomically, with the accelerator, compiler and writer version they were measured with."""
    schema = pa.schema(_COLUMNS, metadata=_versions(accelerator))
    rows = [
        {"set": chain.set, "blocks": [asdict(block) for block in chain.blocks], **asdict(chain.report)}
        for chain in chains
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with unfinished_beside(path) as aside:
        pq.write_table(pa.Table.from_pylist(rows, schema), aside, compression="zstd", compression_level=9)


def load_dataset(path: Path, accelerator: Target) -> list[MeasuredChain]:
    """The chains of a file; HardwareInputError when it is damaged or was measured with anything else."""
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise HardwareInputError(f"data set {path} cannot be read ({reason}); delete it to measure anew") from error
    found = {key: value for key, value in (table.schema.metadata or {}).items() if key in _versions(accelerator)}
    if found != _versions(accelerator):
        raise HardwareInputError(
            f"data set {path} was measured with {_words(found)} where {_words(_versions(accelerator))} is needed; "
            "delete it to measure anew"
        )
    required = pa.schema(_COLUMNS[:6])
    if not pa.schema([each for each in table.schema if each.name in required.names]).equals(required):
        raise HardwareInputError(f"data set {path} has columns of other names or types; move it away to measure anew")
    try:
        chains = [_measured(row) for row in table.to_pylist()]
        for chain in chains:
            check_chain(chain.blocks)
            _check_counts(chain)
    except (TypeError, ValueError) as error:  # an empty cell, or a block that is not allowed
        raise HardwareInputError(f"data set {path} is damaged ({error}); move it away to measure anew") from error
    return chains


def _measured(row: Mapping[str, Any]) -> MeasuredChain:
    more = (tuple(row.get(name) or ()) for name in ("operator_sram_traffic_bytes", "operator_off_chip_bytes"))
    operators = tuple(row["operator_cycles"]), tuple(row["operator_sram_bytes"]), *more
    report = OperatorReport(int(row["cycles"]), int(row["peak_activation_bytes"]), *operators)
    if not isinstance(row["set"], str):
        raise TypeError("a network has no set")
    return MeasuredChain(row["set"], tuple(Block(**block) for block in row["blocks"]), report)


def _check_counts(chain: MeasuredChain) -> None:
    operators, report = len(chain_operators(chain.blocks)), chain.report
    always = (report.operator_cycles, report.operator_sram_bytes)
    traffic = (report.operator_sram_traffic_bytes, report.operator_off_chip_bytes)
    if {len(each) for each in always} != {operators} or not {len(each) for each in traffic} <= {0, operators}:
        raise ValueError(f"figures of {len(always[0])} operators where a network has {operators}")


def _versions(accelerator: Target) -> dict[bytes, bytes]:
    return {
        b"accelerator": accelerator.key.encode(),
        b"compiler": f"ethos-u-vela {COMPILER_VERSION}".encode(),
        b"writer": str(WRITER_VERSION).encode(),
    }


def _words(versions: dict[bytes, bytes]) -> str:
    return ", ".join(f"{key.decode()} {value.decode()}" for key, value in versions.items()) or "unknown versions"
