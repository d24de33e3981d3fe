"""JSON that people wrote: read strictly, so that nothing is silently another value than was meant."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from hw_model.errors import HardwareInputError

MAX_BYTES = 256 * 2**20


def read_json(path: Path, parse: Callable[[str], Any] | None = None) -> Any:
    """The content of a UTF-8 file, with a byte-order mark or without, as `parse_json` or another function reads it.

    Raises HardwareInputError, one line that names the file, where it cannot be read or is not JSON.
    """
    try:
        if not path.is_file():
            raise HardwareInputError("no plain file" if path.exists() else "no such file")
        if path.stat().st_size > MAX_BYTES:
            raise HardwareInputError(f"it has more than {MAX_BYTES >> 20} MiB")
        return (parse or parse_json)(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:  # HardwareInputError is one; and text that is no UTF-8, paths that are none
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise HardwareInputError(f"{str(path)[:160]!r} cannot be read as JSON: {reason}") from error


def parse_json(text: str) -> Any:
    """Decoded JSON.

    Raises HardwareInputError for what is none, names that occur twice, numbers that are not finite, and broken
    characters.
    """
    try:
        content = json.loads(
            text, object_pairs_hook=_object, parse_constant=_refuse, parse_int=_whole, parse_float=_number
        )
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise HardwareInputError("a text in it holds half a character (a lone surrogate)") from error
    except RecursionError as error:
        raise HardwareInputError("it is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise HardwareInputError(f"it is not JSON ({error})") from error
    return content


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise HardwareInputError(f"{twice[:40]!r} occurs twice in one object; allowed: once")
    return content


def _whole(text: str) -> int:
    if len(text) > 19:
        raise HardwareInputError(f"a whole number of {len(text)} digits; allowed: at most 19")
    return int(text)


def _number(text: str) -> float:
    if not math.isfinite(number := float(text)):
        _refuse(text[:40])
    return number


def _refuse(constant: str) -> NoReturn:
    raise HardwareInputError(f"it holds {constant}; allowed: finite numbers")
