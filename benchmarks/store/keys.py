"""Keys of what is stored: the one JSON text of settings, so that equal settings are found again and others are not."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from benchmarks.errors import BenchmarkInputError
from hw_model.blocks import Block


def canonical_json(value: object) -> str:
    """The one JSON text of a value: sorted keys, no blanks, ASCII.

    Raises BenchmarkInputError where JSON has none, as for NaN and for NumPy's numbers.
    """
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise BenchmarkInputError(f"no JSON for this value ({error}); allowed: plain Python values, finite") from error


def architecture_text(blocks: Iterable[Block]) -> str:
    """A network as keys of trials have it."""
    return canonical_json([dataclasses.asdict(block) for block in blocks])


def sha256(text: str) -> str:
    """SHA-256 of a text, 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_of(fields: Mapping[str, object]) -> str:
    """SHA-256 of named texts, numbers and None, in their order: another one for any other content.

    Each goes in with its length, so that none can pass for a part of its neighbour; ten times as fast as by JSON.
    """
    parts = ((name, "none", "") if value is None else (name, "", str(value)) for name, value in fields.items())
    return sha256("".join(f"{name}:{kind}{len(text)}:{text}" for name, kind, text in parts))


def settings_digest(settings: object) -> str:
    """SHA-256 of settings as `plain` has them, 64 hexadecimal digits.  Raises what `plain` does."""
    return sha256(canonical_json(plain(settings)))


def plain(value: Any, where: str = "key") -> Any:
    """Settings as JSON has them: what a result depends on, in full.

    A dataclass or named tuple becomes an object of its fields and its class's name; NumPy's numbers and arrays become
    Python's.  Raises BenchmarkInputError, naming the place, for what says nothing of its content (a function, an open
    file), for numbers that are not finite, and for the text of a mapping's key that is not a str.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            field.name: getattr(value, field.name) for field in dataclasses.fields(value) if _counts(value, field)
        }
        return _object(type(value).__name__, fields, where)
    if isinstance(value, tuple) and (names := getattr(value, "_fields", ())):
        return _object(type(value).__name__, dict(zip(names, value, strict=True)), where)
    if isinstance(value, Mapping):
        wrong = [name for name in value if not isinstance(name, str)]
        if wrong:
            raise BenchmarkInputError(f"{where} has a field {str(wrong[0])[:40]!r}; allowed: names that are texts")
        return {name: plain(item, f"{where}.{name}") for name, item in value.items()}
    if isinstance(value, (list, tuple, range)):
        return [plain(item, f"{where}[{place}]") for place, item in enumerate(value)]
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist(), where)
    raise BenchmarkInputError(
        f"{where} is {str(value)[:60]!r} ({type(value).__name__}); allowed: settings objects, finite numbers, texts, "
        "lists and mappings of them"
    )


def _counts(value: Any, field: dataclasses.Field[Any]) -> bool:
    """A field that came later is left out where it has its default, so that keys from before are found again."""
    return field.metadata.get("in_keys") != "unless default" or getattr(value, field.name) != field.default


def _object(name: str, fields: Mapping[str, Any], where: str) -> dict[str, Any]:
    return {"class": name} | {field: plain(item, f"{where}.{field}") for field, item in fields.items()}
