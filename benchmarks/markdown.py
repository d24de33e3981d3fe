"""What pages are written with: tables, figures as text, and sentences that hold only while figures bear them out."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.files import read_own_csv

KIB = 1024
MOST_ROWS = 60
"""A table of more rows is linked and not shown."""

Row = dict[str, Any]


def rows(path: Path) -> list[Row]:
    """The rows of a CSV as dicts by column.  Raises BenchmarkInputError, naming it, for one that is damaged."""
    return [{str(key): value for key, value in row.items()} for row in read_own_csv(path).to_dict("records")]


def table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table, each line ended."""
    return "".join(f"| {' | '.join(line)} |\n" for line in (header, ["---"] * len(header), *lines))


def as_it_is(path: Path) -> str:
    """A CSV in a folder of results as a link and, unless it has too many rows, a table, each column and row in it."""
    found = rows(path)
    link = f"[{path.name}](../../results/{path.parent.name}/{path.name})"
    if not found or len(found) > MOST_ROWS:
        return f"{link}: {len(found)} rows.\n"
    lines = [[f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in row.values()] for row in found]
    return f"{link}:\n\n{table(list(found[0]), lines)}"


def claim(sentence: str, holds: bool) -> str:
    """The sentence, provided that the figures it rests on bear it out.

    A page is prose about tables that are made again and again; a sentence that the new table contradicts must not stay.
    Raises BenchmarkInputError naming the sentence where it does not hold: rewrite it, or mend the result.
    """
    if not holds:
        raise BenchmarkInputError(f"the results no longer show what their page says: {' '.join(sentence.split())!r}")
    return sentence


def interval(row: Row, name: str = "", low: str = "low", high: str = "high", digits: int = 3) -> str:
    """`mean (low to high)` of the columns name, name_low and name_high, or of those given."""
    low, high = (
        (f"{name}_low", f"{name}_high") if (low, high) == ("low", "high") and f"{name}_low" in row else (low, high)
    )
    return f"{row[name]:.{digits}f} ({row[low]:.{digits}f} to {row[high]:.{digits}f})"


def span(values: Iterable[float], digits: int = 0, unit: str = "") -> str:
    """`least to most`, or the one value where both print alike."""
    found = list(values)
    low, high = f"{min(found):.{digits}f}", f"{max(found):.{digits}f}"
    return f"{low}{unit}" if low == high else f"{low} to {high}{unit}"


def rounded(value: float) -> str:
    """Three digits that count, in full: 12,300 or 0.298."""
    return f"{float(f'{value:.3g}'):,.0f}" if value >= 100 else f"{value:.3g}"


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`; `none` of none."""
    *first, last = list(names) or ["none"]
    return f"{', '.join(first)} and {last}" if first else last


def code(names: Iterable[str]) -> str:
    """Names as code, listed."""
    return listed([f"`{name}`" for name in names])


def wrapped(text: str, width: int = 120) -> str:
    """The same Markdown with paragraphs and list items wrapped, and tables, code, headings and images as they are."""
    blocks, kept = [], False
    for block in re.split(r"\n{2,}", text.strip("\n")):
        fences = block.count("```")
        if kept or fences or block.startswith(("|", "#", "!", "<")):
            blocks.append(block)
        else:
            items = re.split(r"\n(?=- )", block)
            blocks.append("\n".join(_paragraph(item, width) for item in items))
        kept ^= fences % 2 == 1
    return "\n\n".join(blocks) + "\n"


def _paragraph(text: str, width: int) -> str:
    rest = "  " if text.startswith("- ") else ""
    whole = re.sub(r"`[^`]*`", lambda found: "\0".join(found[0].split()), text)  # commands are not broken
    lines = textwrap.wrap(
        " ".join(whole.split()), width, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(lines).replace("\0", " ")
