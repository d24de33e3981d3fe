"""What was prepared of somebody's data: a folder of arrays, and content.json with a checksum each."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from tasks.data.settings import SPLITS
from tasks.errors import TaskInputError

CONTENT = "content.json"


def read_content(folder: Path) -> dict[str, Any]:
    """{split: {array's name: SHA-256 of its file}}, and what else is noted.

    Raises TaskInputError where it is damaged, FileNotFoundError where nothing was prepared.
    """
    try:
        content = json.loads((folder / CONTENT).read_text())
    except ValueError as error:
        raise _damaged(folder / CONTENT) from error
    if not isinstance(content, dict) or not all(isinstance(content.get(split), dict) for split in SPLITS):
        raise _damaged(folder / CONTENT)
    return content


def new_array(path: Path, dtype: type, shape: tuple[int, ...]) -> np.memmap:
    """An array of zeros in a file that has its room on disk: without it, a write into memory would end the process."""
    array = np.lib.format.open_memmap(path, "w+", dtype, shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def array_digest(path: Path) -> str:
    """SHA-256 of an array's file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_array(path: Path, digest: str) -> np.ndarray:
    """The array of a file, memory-mapped; its content is read once for its checksum, and not kept."""
    try:
        if array_digest(path) == digest:
            return np.load(path, mmap_mode="r")
    except (FileNotFoundError, ValueError):
        pass
    raise _damaged(path)


def _damaged(path: Path) -> TaskInputError:
    return TaskInputError(f"{str(path)[-160:]} is damaged: delete its folder and prepare again")
