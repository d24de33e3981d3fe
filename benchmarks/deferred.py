"""Calls that are read from the command line first and made afterwards."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


def deferred(function: Callable[..., Any]) -> Callable[..., Callable[[], Any]]:
    """A function of the same arguments and docstring that gives the call instead of making it."""

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Callable[[], Any]:
        return functools.partial(function, *arguments, **named)

    return call
