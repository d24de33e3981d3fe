"""What an input is that no command can work with."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BAD = frozenset({2})
"""Exit codes of bad input."""
PARTLY = frozenset({1, 2})
"""Of files of which some rows may be sound."""


@dataclass(frozen=True)
class BadInput:
    """One call of the command line."""

    arguments: tuple[str, ...]
    """Without the program's name."""
    codes: frozenset[int] = BAD
    """Exit codes that are right."""
    environment: tuple[str, str] | None = None
    """A variable and its value."""


Maker = Callable[[random.Random, Path], BadInput]
"""From a source of chance and a folder, which it may write the input's files into."""
