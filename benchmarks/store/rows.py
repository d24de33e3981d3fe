"""Records as rows: flat mappings of texts and numbers that SQLite and parquet hold alike.

A row's last field is a checksum over all others, so that a value that changed on the way is noticed wherever it is
read.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any, TypeVar

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.keys import canonical_json, sha256_of
from benchmarks.store.provenance import Provenance
from benchmarks.store.records import KEY_FIELDS, Result, Trial, TrialKey

CHECKSUM_DIGITS = 16  # 64 bits: for accidents, not against forgery

Record = TypeVar("Record", bound=Trial | Result)

# Fields of a row, in the order that a checksum takes them in, and what each is in Python.
COLUMNS: dict[type, dict[str, type]] = {
    Trial: {
        **{name: str for name in KEY_FIELDS},
        "seed": int,
        "state": str,
        "quality": str,
        "example_passes": int,
        "training_flops": float,
        "seconds": float,
        "error": str,
        "created": str,
        "space": str,
        "genotype": str,
        "provenance": str,
        "imported_from": str,
        "checksum": str,
    },
    Result: {
        **{name: str for name in ("kind", "key", "value", "created", "provenance", "imported_from", "checksum")},
    },
}
NULLABLE = frozenset({"error"})


def to_row(record: Trial | Result) -> dict[str, Any]:
    """The record as a flat mapping, checksum last."""
    if isinstance(record, Trial):
        row = {name: getattr(record.key, name) for name in KEY_FIELDS}
        quality = {name: float(value) for name, value in record.quality.items()}
        row |= {"state": record.state, "quality": canonical_json(quality), "example_passes": record.example_passes}
        row |= {"training_flops": float(record.training_flops), "seconds": float(record.seconds)}
        row |= {"error": record.error, "created": record.created, "space": record.space}
        row |= {"genotype": canonical_json(list(record.genotype))}
    else:
        row = {"kind": record.kind, "key": record.key, "value": record.value, "created": record.created}
    row |= {"provenance": canonical_json(vars(record.provenance)), "imported_from": record.imported_from}
    return row | {"checksum": checksum(row)}


def from_row(kind: type[Record], row: Mapping[str, Any]) -> Record:
    """The record of a row.  Raises BenchmarkInputError for a wrong checksum and for what no record may hold."""
    values = {}
    for name, wanted in COLUMNS[kind].items():
        value = row.get(name)
        if type(value) is not wanted and not (value is None and name in NULLABLE):
            raise BenchmarkInputError(f"{name} is {str(value)[:40]!r} ({type(value).__name__}), not {wanted.__name__}")
        values[name] = value
    if values.pop("checksum") != checksum(values):
        raise BenchmarkInputError("its checksum is not that of its content")
    build: Any = kind
    try:
        values["provenance"] = _provenance(values["provenance"])
        if kind is Trial:
            values["key"] = TrialKey(**{name: values.pop(name) for name in KEY_FIELDS})
            values |= {"quality": json.loads(values["quality"]), "genotype": tuple(json.loads(values["genotype"]))}
        return build(**values)
    except BenchmarkInputError:
        raise
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BenchmarkInputError(f"it is no {kind.__name__.lower()} ({str(error)[:80]})") from error


def checksum(row: Mapping[str, Any]) -> str:
    """Of all fields but the checksum itself; hexadecimal."""
    fields = {name: value for name, value in row.items() if name != "checksum"}
    return sha256_of(fields)[:CHECKSUM_DIGITS]


# Rows share a few thousand texts of architectures, fidelities and provenances: each is read once.
@functools.lru_cache(4096)
def _provenance(text: str) -> Provenance:
    return Provenance(**json.loads(text))
