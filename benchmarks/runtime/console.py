"""The console that commands print to."""

from __future__ import annotations

from rich.console import Console


def plain_console(least_width: int = 0) -> Console:
    """A console that shows texts as they are: names and docstrings of users are no markup.

    least_width: columns that a table gets where the terminal is narrower, or where there is none.
    """
    return Console(markup=False, emoji=False, highlight=False, width=max(Console().width, least_width))
