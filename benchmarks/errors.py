"""What ends a command: input that cannot be worked with, or a run that came to nothing; and lines for stderr."""

from __future__ import annotations

import difflib
import inspect
import operator
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hw_model.errors import HardwareInputError
from nas_algos.errors import AlgorithmInputError
from tasks.errors import TaskInputError

MAX_LINE = 300
"""Characters of what is said of an error."""
_NEARLY = 0.75


class BenchmarkInputError(ValueError):
    """Settings, a file or a value that is not allowed; the message is one line that says what is.  Exit code 2."""


class NoResultError(RuntimeError):
    """A run that came to nothing, or that cannot go on; the message is one line that says why.  Exit code 1."""


INPUT_ERRORS = (BenchmarkInputError, HardwareInputError, TaskInputError, AlgorithmInputError)


def check_count(name: str, value: int, least: int = 1, most: int = 1_000_000) -> None:
    """Raise BenchmarkInputError unless a whole number that was given is within these."""
    if not least <= value <= most:
        shown = str(value) if abs(value) < 10**12 else f"{'-' * (value < 0)}a number of more than 12 digits"
        raise BenchmarkInputError(f"{name} is {shown}; allowed: {least} to {most}")


def check_names(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise BenchmarkInputError for the first name given that is not among those known."""
    allowed = list(known)
    for name in given:
        if name not in allowed:
            raise BenchmarkInputError(f"unknown {what} {name[:60]!r}; allowed: {', '.join(allowed)}")


def check_once(option: str, names: Iterable[str]) -> None:
    """Raise BenchmarkInputError for a setting whose name is given twice, of which the last would win without a word."""
    given = list(names)
    if twice := [name for name in given if given.count(name) > 1]:
        raise BenchmarkInputError(f"{option} {twice[0][:40]} is given twice; allowed: once")


def check_unused(with_option: str, command: Callable[..., Any], given: Mapping[str, Any], why: str) -> None:
    """Raise BenchmarkInputError where one of a command's parameters, by name, is not as it is by default."""
    usual = inspect.signature(command).parameters
    if changed := [f"--{name.replace('_', '-')}" for name, value in given.items() if value != usual[name].default]:
        raise BenchmarkInputError(f"{with_option} with {', '.join(changed)}; allowed: none of them, {why}")


def check_linux(what: str) -> None:
    """Raise BenchmarkInputError on other systems, which do not say or do what this asks of Linux."""
    if not sys.platform.startswith("linux"):
        raise BenchmarkInputError(f"{what} on {sys.platform}: it asks Linux for processes and cores; allowed: on Linux")


def one_line(what: object, most: int = MAX_LINE) -> str:
    """Of so many characters at most: the end, which says what is allowed, and as much of the beginning as fits."""
    text = "".join(each if each.isprintable() else " " for each in str(what))
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most // 2]} ... {text[5 - most // 2 :]}"


def report(what: object) -> None:
    """Say something on stderr, in one line."""
    print(f"accelnas: {one_line(what)}", file=sys.stderr)


def report_input(what: object) -> None:
    """Say what was wrong in what was given, in one line, and which of the allowed names is nearly it."""
    near = nearly_meant(str(what))
    meant = f"; did you mean {near}?" if near else ""
    print(f"accelnas: {one_line(what, MAX_LINE - len(meant))}{meant}", file=sys.stderr)


def nearly_meant(message: str) -> str:
    """Of a message "... 'NAME' ...; allowed: ONE, TWO, ...": the one that NAME is nearly, "" where none is."""
    said, allowed, names = message.partition("allowed")
    given = [name for name in re.findall(r"'([^' ]+)'", said) if not name.isnumeric()]
    if not (given and allowed):
        return ""
    name = given[0].partition("=")[0]  # of a setting
    known = [each for each in re.findall(r"[\w.-]+", names) if each != name and not each[0].isdigit()]

    def likeness(other: str) -> tuple[float, int]:
        return difflib.SequenceMatcher(None, name, other).ratio(), sum(map(operator.eq, name, other))

    nearest = max(known, key=likeness, default="")
    return nearest if likeness(nearest)[0] >= _NEARLY else ""


def report_skipped(what: str) -> None:
    """Say on stderr, in one line, what is left out and why."""
    report(f"skipped {what}")
