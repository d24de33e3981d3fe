"""docs/reference/command_line.md: every command with its options, from the functions that the parsers are made of."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import docstring_parser
import tyro

from benchmarks.markdown import table

_HEAD = """\
# Command line

`accelnas COMMAND --help` prints the same. Options may be written in any order; those that take several values take them
one after another. Exit codes are in [failures.md](failures.md)."""


def page(commands: Mapping[str, Callable[..., Any]]) -> str:
    """The page's Markdown."""
    return "\n\n".join([_HEAD, *(_section(*each) for each in all_commands(commands))]) + "\n"


def all_commands(commands: Mapping[str, Callable[..., Any]]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Each command by what is typed, those with actions followed by each action, such as "trials list"."""
    for name, command in commands.items():
        yield name, command
        for action, function in _actions(command):
            yield f"{name} {action}", function


def options(command: Callable[..., Any]) -> dict[str, tuple[str, str]]:
    """{option, such as --task, or FILE for what is given by its place: (default or "", what it is)}."""
    described = {each.arg_name: each.description or "" for each in docstring_parser.parse(command.__doc__ or "").params}
    hints = typing.get_type_hints(inspect.unwrap(command), include_extras=True)
    found = {}
    for name, parameter in inspect.signature(command).parameters.items():
        marks = getattr(hints[name], "__metadata__", ())
        given = next((mark.name for mark in marks if getattr(mark, "name", None)), name)
        given = given.upper() if tyro.conf.Positional in marks else f"--{given.replace('_', '-')}"
        found[given] = (_default(parameter.default), " ".join(described.get(name, "").split()))
    return found


def _actions(command: Callable[..., Any]) -> list[tuple[str, Callable[..., Any]]]:
    """What `accelnas trials` and `table` can be told to do."""
    hint = typing.get_type_hints(inspect.unwrap(command), include_extras=True).get("action")
    if hint is None:
        return []
    settings = [choice.__metadata__[0] for choice in typing.get_args(hint)]
    return [(each.name, each.constructor_factory()) for each in settings]


def _section(name: str, command: Callable[..., Any]) -> str:
    said = docstring_parser.parse(command.__doc__ or "")
    parts = [f"{'###' if ' ' in name else '##'} accelnas {name}", said.short_description or ""]
    if said.long_description:
        parts.append(said.long_description)
    lines = [
        (f"`{option}`", f"`{default}`" if default else "", text.replace("|", r"\|"))
        for option, (default, text) in options(command).items()
        if option != "--action"
    ]
    return "\n\n".join([*parts, *([table(("option", "default", "meaning"), lines).rstrip()] if lines else [])])


def _default(value: Any) -> str:
    if value is inspect.Parameter.empty or value is None or value == ():
        return ""
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
