"""Data sets that this package writes itself: prepared once below ``home / "data"``, then loaded as plain arrays.

Nothing here imports TensorFlow; tensorflow_datasets is imported when a function needs it.
"""

import contextlib
import fcntl
import hashlib
import io
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from tasks.data.settings import SPLITS, SplitCounts
from tasks.errors import TaskInputError

Arrays = TypeVar("Arrays")
Progress = Callable[[int, int], None]

_READ_AT_ONCE = 256


@dataclass(frozen=True)
class Store(Generic[Arrays]):
    """How one data set is written, read back and verified.

    title: its name in messages.
    counts: records per split of each config.
    pinned: the sha256 that content_checksum must give for each config and split; filled in, never written to.
    builder: returns the tensorflow-datasets builder class, importing it only then.
    gather: turns a split's number of records and the records, in order, into arrays.
    remedy: what to do where content differs from what is pinned and preparing again does not help.
    """

    title: str
    counts: Mapping[str, SplitCounts]
    pinned: Mapping[str, Mapping[str, str]]
    builder: Callable[[], Any]
    gather: Callable[[int, Iterator[dict[str, Any]]], Arrays]
    remedy: str

    def prepare(self, home: Path, config: str, progress: Progress | None = None) -> Path:
        """Write a config's three splits below ``home / "data"``, unless they are there; return their folder.

        Safe to interrupt, to repeat, and to call from several processes at once: records are written aside and renamed
        when complete, and one process at a time prepares. What has been written is read back and compared with its
        checksums.

        Args:
            home: the suite's folder for everything it keeps.
            config: one of ``counts``.
            progress: called as ``progress(records done, records in all)``.

        Raises:
            TaskInputError: unknown config, a source not found, or the content is not what is pinned.
        """
        allowed(f"{self.title} has no config", config, self.counts)
        with _one_at_a_time(home / "data", f"{self.builder().name}-{config}"):
            builder = self._open(home, config, progress)
            if self._is_prepared(builder, config):
                return Path(builder.data_dir)
            for leftover in Path(builder.data_dir).parent.glob("incomplete.*"):  # of a run that was killed
                shutil.rmtree(leftover, ignore_errors=True)
            _write(builder)
            for split in SPLITS:
                self.load(home, config, split)
            return Path(builder.data_dir)

    def load(self, home: Path, config: str, split: str) -> Arrays:
        """Load a prepared split into memory and verify its checksum.

        Raises:
            TaskInputError: unknown config or split, not prepared, a damaged file, or the content is not what is pinned.
        """
        arrays = self.load_unverified(home, config, split)
        found, expected = content_checksum(arrays), self.pinned[config][split]
        if found != expected:
            raise TaskInputError(
                f"{self.title} {config}/{split} has content {found[:12]}..., expected {expected[:12]}...: delete "
                f"{self._folder(home, config)} and prepare again; if it recurs, {self.remedy}"
            )
        return arrays

    def load_unverified(self, home: Path, config: str, split: str) -> Arrays:
        """Load a prepared split without comparing its content with the pinned checksum."""
        allowed(f"{self.title} has no config", config, self.counts)
        allowed(f"{self.title} has no split", split, SPLITS)
        builder = self._open(home, config)
        if not self._is_prepared(builder, config):
            raise TaskInputError(f"{self.title} {config} is not prepared in {home}: prepare it first")
        try:
            source = builder.as_data_source(split=split)
            return self.gather(len(source), records(source))
        except Exception as error:  # damaged bytes make the readers raise nearly anything
            file = _damaged(Path(builder.data_dir), split)
            raise TaskInputError(
                f"{file} is damaged ({first_line(error)}): delete {builder.data_dir} and prepare again"
            ) from error

    def version(self, config: str) -> str:
        """What identifies the content of a config.  Raises TaskInputError for an unknown one."""
        allowed(f"{self.title} has no config", config, self.counts)
        return "-".join([self.builder().name, *(self.pinned[config][split][:12] for split in SPLITS)])

    def _open(self, home: Path, config: str, progress: Progress | None = None) -> Any:
        try:
            return self.builder()(
                config=config,
                data_dir=str(home / "data"),
                file_format="array_record",
                downloads=home / "data",
                progress=progress,
            )
        except Exception as error:  # an existing dataset_info.json or features.json is read here
            folder = self._folder(home, config)
            raise TaskInputError(f"{folder} is damaged ({first_line(error)}): delete it and prepare again") from error

    def _folder(self, home: Path, config: str) -> Path:
        builder = self.builder()
        return home / "data" / builder.name / config / str(builder.VERSION)

    def _is_prepared(self, builder: Any, config: str) -> bool:
        splits = builder.info.splits
        counts = self.counts[config]
        return all(split in splits and splits[split].num_examples == counts.of(split) for split in SPLITS)


def content_checksum(arrays: Any) -> str:
    """Return the sha256 over all arrays of a dataclass, in the order of its fields."""
    digest = hashlib.sha256()
    for field in fields(arrays):
        array = np.ascontiguousarray(getattr(arrays, field.name))
        digest.update(f"{field.name} {array.dtype.str} {array.shape};".encode())
        digest.update(array.data)
    return digest.hexdigest()


def allowed(what: str, given: str, choices: Any) -> None:
    """Raise TaskInputError, opening with ``what``, unless ``given`` is one of the choices."""
    if given not in choices:
        raise TaskInputError(f"{what} {given!r}; allowed: {', '.join(choices)}")


def records(source: Any, rows: range | None = None) -> Iterator[dict[str, Any]]:
    """Read these rows of a tensorflow-datasets data source, all by default, in order and many at a time."""
    rows = range(len(source)) if rows is None else rows
    for start in range(0, len(rows), _READ_AT_ONCE):
        yield from source.__getitems__(list(rows[start : start + _READ_AT_ONCE]))


def first_line(error: Exception) -> str:
    """What an error says, in one line."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _damaged(folder: Path, split: str) -> Path:
    """Find which file of a split cannot be read; the folder if each can."""
    from array_record.python.array_record_module import ArrayRecordReader

    for file in sorted(folder.glob(f"*-{split}.array_record-*")):
        try:
            reader = ArrayRecordReader(str(file))
            reader.read_all()
            if not reader.ok():  # a file cut short may read as an empty one
                return file
        except Exception:  # what it raises is not documented
            return file
    return folder


@contextlib.contextmanager
def _one_at_a_time(folder: Path, name: str) -> Iterator[None]:
    """Hold a lock that the operating system releases however the process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(builder: Any) -> None:
    """Generate and write all splits, without tensorflow_datasets' own bars and prints: they would tear the caller's."""
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core import shuffle

    tfds.disable_progress_bar()
    # Beyond this size a split is spilled to disk through TensorFlow's file layer, which is not installed; keeping even
    # FashionScenes' `full` in memory (1.7 GB) takes less than loading it does.
    limit, shuffle.MAX_MEM_BUFFER_SIZE = shuffle.MAX_MEM_BUFFER_SIZE, sys.maxsize
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            builder.download_and_prepare()
    finally:
        shuffle.MAX_MEM_BUFFER_SIZE = limit
