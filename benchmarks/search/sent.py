"""A strategy's name as a job carries it to another machine, which need not have the file that the name may be."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class SentStrategy:
    """A name, and of FILE.py what it holds."""

    name: str
    """As commands take it."""
    source: bytes = b""
    """Empty where the name is no file's."""

    @classmethod
    def of(cls, name: str) -> Self:
        """The name with its file, which must be there."""
        return cls(name, Path(name).read_bytes() if name.endswith(".py") else b"")

    @contextlib.contextmanager
    def here(self) -> Iterator[str]:
        """A name that stands for it here, as long as the context: the same, or that of a copy of the file."""
        own = Path(self.name)
        if not self.source or (own.is_file() and own.read_bytes() == self.source):
            yield self.name
            return
        with tempfile.TemporaryDirectory(prefix="accelnas-strategy-") as folder:
            copy = Path(folder) / own.name
            copy.write_bytes(self.source)
            yield str(copy)
