"""The console that commands print to: as wide as the terminal, 80 columns where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

WIDE = 110
"""Columns from which on tables have more than what matters most."""


def plain_console() -> Console:
    """A console that shows texts as they are: names and docstrings of users are no markup."""
    from rich.console import Console  # the help of commands is shown without it

    return Console(markup=False, emoji=False, highlight=False)


def print_frame(frame: pd.DataFrame, console: Console | None = None, float_format: str = "%.4g") -> None:
    """Print a table as wide as the console is: what is one value for all rows before it, what has no room named."""
    console = console or plain_console()
    for line in frame_lines(frame, console.width, float_format):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def frame_lines(frame: pd.DataFrame, width: int, float_format: str = "%.4g") -> list[str]:
    """The lines of `print_frame`: none but the first and the last may be wider, where values are."""
    first = frame.iloc[0].to_dict() if len(frame) > 1 else {}
    alike = [name for name in first if len(set(map(str, frame[name]))) == 1]
    shown = frame.drop(columns=alike)
    alike_text = [f"{name} {_cell(first[name], float_format)}" for name in alike]
    kept = len(shown.columns)
    while True:
        text = shown.iloc[:, :kept].to_string(index=False, float_format=float_format, na_rep="-").splitlines()
        if kept <= 1 or max(map(len, text)) <= width:
            break
        kept -= 1
    left = list(map(str, shown.columns[kept:]))
    more = [f"No room for {', '.join(left)}; the file has them."] if left else []
    return [*(["For all: " + ", ".join(alike_text)] if alike_text else []), *text, *more]


def _cell(value: object, float_format: str) -> str:
    if not isinstance(value, float):
        return str(value)
    return "-" if value != value else float_format % value
