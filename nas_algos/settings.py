"""Settings given by name, as a command line gives them."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nas_algos.errors import AlgorithmInputError

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", Path: "a path"}


def default_settings(factory: Callable[..., Any]) -> Any:
    """The dataclass that a factory's argument `settings` has by default; None where it has none."""
    parameter = inspect.signature(factory).parameters.get("settings")
    default = None if parameter is None else parameter.default
    return default if dataclasses.is_dataclass(default) and not isinstance(default, type) else None


def setting_names(settings: Any) -> tuple[str, ...]:
    """What may be set; nothing of None."""
    return () if settings is None else tuple(each.name for each in dataclasses.fields(settings))


def changed(owner: str, settings: Any, given: Mapping[str, Any]) -> Any:
    """The settings with some of them changed; texts are read as what each setting is.

    Raises AlgorithmInputError for a name that there is not, and for a text that is no value of its setting.
    """
    unknown = [name for name in given if name not in setting_names(settings)]
    if unknown:
        allowed = ", ".join(setting_names(settings)) or "none, as it has no settings"
        raise AlgorithmInputError(f"{owner} has no setting {unknown[0]!r}; allowed: {allowed}")
    if not given:
        return settings
    hints = typing.get_type_hints(type(settings))
    return dataclasses.replace(
        settings, **{name: _read(f"{owner}: {name}", value, hints[name]) for name, value in given.items()}
    )


def _read(label: str, value: Any, hint: Any) -> Any:
    if not isinstance(value, str):
        return value
    if typing.get_origin(hint) is tuple:  # tuple[int, ...], given as 1,2,3
        return tuple(_read(label, each, typing.get_args(hint)[0]) for each in value.split(",") if each)
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if type(None) in options and value.lower() == "none":
        return None
    for kind in options:
        try:
            if kind is bool:
                return _WORDS[value.lower()]
            if kind in (int, float, str, Path):
                return kind(value)
        except (KeyError, ValueError):
            continue
    allowed = " or ".join(_KINDS[kind] for kind in options if kind in _KINDS)
    raise AlgorithmInputError(f"{label} is {value[:80]!r}; allowed: {allowed or 'nothing in a text'}")
