"""Where everything is kept that takes time to make, and whether it can be written there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from benchmarks.errors import BenchmarkInputError
from hw_model.files import default_home

DEFAULT_HOME = default_home()

MAX_PATH = 3_000
"""Bytes of a folder's path, so that those of the files in it are not too long."""


def check_folders(*folders: Path) -> None:
    """Raise BenchmarkInputError unless each is a folder that can be written to, or can be made; makes nothing."""
    for folder in folders:
        try:
            if len(os.fsencode(folder.absolute())) > MAX_PATH:
                raise OSError(f"allowed: paths of at most {MAX_PATH} bytes")
            existing = folder.absolute()
            while not existing.exists():
                existing = existing.parent
            if not existing.is_dir():
                raise OSError(f"{existing.name} is no folder")
            with tempfile.TemporaryFile(dir=existing) as file:
                file.write(bytes(4096))
                file.flush()
                os.fsync(file.fileno())
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise BenchmarkInputError(f"folder {str(folder)[:160]!r} cannot be written to: {reason}") from error
