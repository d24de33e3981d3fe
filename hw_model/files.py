"""Where files lie, and files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path


def default_home() -> Path:
    """$ACCELNAS_HOME, .accelnas below the current directory where that is not set or empty."""
    return Path(os.environ.get("ACCELNAS_HOME") or ".accelnas")


@contextlib.contextmanager
def folder_locked(folder: Path) -> Iterator[None]:
    """Hold the folder, made if there is none, against other processes and threads that ask for it by this too."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def unfinished_beside(path: Path) -> Iterator[Path]:
    """A path to write aside, renamed to `path` at the end; where the block raises, `path` stays as it is.

    The name beside is of this call alone, so that several processes may write one file.  The content is on the disk
    before it gets its name, so that a machine that stops leaves the old file or the new one too.
    """
    aside = path.with_name(f".{path.name[:100]}.{os.getpid()}.{secrets.token_hex(4)}.unfinished")
    try:
        yield aside
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file, and its folders where there are none, as `unfinished_beside` says; text as UTF-8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with unfinished_beside(path) as aside:
        aside.write_bytes(content.encode() if isinstance(content, str) else content)
