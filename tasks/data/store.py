"""Data sets that this package writes itself: prepared once below ``home / "data"``, then loaded as plain arrays.

Nothing here imports TensorFlow; tensorflow_datasets is imported when a function needs it.
"""

import contextlib
import errno
import fcntl
import hashlib
import io
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tasks.data.settings import MOST_OBJECTS, SPLITS, SplitCounts
from tasks.errors import TaskInputError

Progress = Callable[[int, int], None]

_READ_AT_ONCE = 256
_ASK_SECONDS = 0.1
_IMAGES_IN_A_RECORD = 100  # reading them one by one takes ten times as long
_ENCODINGS = {"images": "bytes", "instances": "zlib"}  # the large fields; what the others would save is not worth it


@dataclass(frozen=True)
class DatasetStore:
    """How one data set is made, written, read back and verified: a tasks.data.datasets.Dataset.

    A record of the tensorflow-datasets data set holds up to a hundred rows of its arrays, a feature for each field.
    """

    name: str
    class_names: tuple[str, ...]
    side_pixels: int
    channels: int
    counts: Mapping[str, SplitCounts]
    """Images per split of each config."""
    pinned: Mapping[str, Mapping[str, str]]
    """The sha256 that content_checksum must give for each config and split; filled in, never written to."""
    make: Callable[[Path, str, SplitCounts, Progress, int], Any]
    """Makes a split's arrays, given home, split, the config's counts, a progress callback and a number of processes."""
    empty: Callable[[int], Any]
    """Arrays of so many images like those that ``make`` returns, yet to be filled in."""
    remedy: str
    """What to do where content differs from what is pinned and preparing again does not help."""
    release: str = "1.1.0"
    most_objects: int = MOST_OBJECTS

    @property
    def configs(self) -> tuple[str, ...]:
        """The sizes it comes in."""
        return tuple(self.counts)

    def prepare(
        self, home: Path, config: str, progress: Progress | None = None, download: bool = False, workers: int = 1
    ) -> Path:
        """Write a config's three splits below ``home / "data"``, unless they are there; return their folder.

        Safe to interrupt, to repeat, and to call from several processes at once: records are written aside and renamed
        when complete, and one process at a time prepares. What has been written is read back and compared with its
        checksums.

        Args:
            home: the suite's folder for everything it keeps.
            config: one of ``counts``.
            progress: called as ``progress(images done, images in all)``.
            download: makes no difference: Fashion-MNIST's 31 MB are fetched anyway where no package has them.
            workers: processes; with more than one, the caller's script must be guarded by ``if __name__ ==
                "__main__"``.

        Raises:
            TaskInputError: unknown config, a source not found, or the content is not what is pinned.
        """
        del download
        allowed(f"{self.name} has no config", config, self.counts)
        folder = self._folder(home, config)
        with one_at_a_time(home / "data", f"{self.name}-{config}"):
            if not _is_complete(folder):
                for leftover in folder.parent.glob("incomplete.*"):  # of a run that was killed
                    shutil.rmtree(leftover, ignore_errors=True)
                self._write(home, config, progress or (lambda done, total: None), workers)
                for split in SPLITS:
                    self.load(home, config, split)
        return folder

    def load(self, home: Path, config: str, split: str) -> Any:
        """Load a prepared split into memory and verify its checksum.

        Raises:
            TaskInputError: unknown config or split, not prepared, a damaged file, or the content is not what is pinned.
            MemoryError, OSError: the machine lacks memory, open files or permission.
        """
        arrays = self.load_unverified(home, config, split)
        self.verify(arrays, config, split, f"delete {self._folder(home, config)} and prepare again; if it recurs, ")
        return arrays

    def load_unverified(self, home: Path, config: str, split: str) -> Any:
        """Load a prepared split without comparing its content with the pinned checksum."""
        self.check_split(config, split)
        folder = self._folder(home, config)
        if not _is_complete(folder):
            raise TaskInputError(f"{self.name} {config} is not prepared in {home}: prepare it first")
        import tensorflow_datasets as tfds

        try:
            builder: Any = tfds.builder_from_directory(folder)
            return self._read(builder.as_data_source(split=split), self.counts[config].of(split))
        except Exception as error:  # damaged bytes make the readers raise nearly anything
            if is_machines(error):
                raise
            file = _damaged(folder, split)
            what = "it" if file == folder else "its folder"
            raise TaskInputError(
                f"{file} is damaged ({first_line(error)[:60]}): delete {what} and prepare again"
            ) from error

    def verify(self, arrays: Any, config: str, split: str, advice: str = "") -> None:
        """Compare arrays with the checksum that is pinned.  Raises TaskInputError with ``advice`` and the remedy."""
        found, expected = content_checksum(arrays), self.pinned[config][split]
        if found != expected:
            raise TaskInputError(
                f"{self.name} {config}/{split} has content {found[:12]}..., expected {expected[:12]}...: "
                f"{advice}{self.remedy}"
            )

    def check_split(self, config: str, split: str) -> None:
        """Raise TaskInputError for an unknown config or split."""
        allowed(f"{self.name} has no config", config, self.counts)
        allowed(f"{self.name} has no split", split, SPLITS)

    def version(self, config: str) -> str:
        """The name and the first 12 digits of each split's checksum.  Raises TaskInputError for an unknown config."""
        allowed(f"{self.name} has no config", config, self.counts)
        return "-".join([self.name, *(self.pinned[config][split][:12] for split in SPLITS)])

    def _folder(self, home: Path, config: str) -> Path:
        return home / "data" / self.name / config / self.release

    def _read(self, source: Any, n: int) -> Any:
        arrays, first = self.empty(n), 0
        for record in records(source):
            rows = slice(first, first := first + len(record["ids"]))
            for name, value in record.items():
                getattr(arrays, name)[rows] = value
        if first != n:
            raise ValueError(f"{first} images instead of {n}")
        return arrays

    def _write(self, home: Path, config: str, progress: Progress, workers: int) -> None:
        counts = self.counts[config]
        one = self.empty(1)
        names = [field.name for field in fields(one)]

        def examples(split: str) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
            before = sum(counts.of(earlier) for earlier in SPLITS[: SPLITS.index(split)])
            arrays = self.make(home, split, counts, lambda done, total: progress(before + done, counts.total), workers)
            for first in range(0, len(arrays), _IMAGES_IN_A_RECORD):
                yield first, {name: getattr(arrays, name)[first : first + _IMAGES_IN_A_RECORD] for name in names}

        _write_records(
            self._folder(home, config),
            f"Written by accelnas; classes: {', '.join(self.class_names)}.",
            {name: getattr(one, name) for name in names},
            examples,
        )


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


def is_machines(error: Exception) -> bool:
    """Whether reading failed for want of memory, open files or permission, and not by what is or is not in files."""
    return isinstance(error, MemoryError) or getattr(error, "errno", None) not in (None, errno.ENOENT)


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


def _is_complete(folder: Path) -> bool:
    return (folder / "dataset_info.json").is_file()  # written aside with the rest, then renamed


@contextlib.contextmanager
def one_at_a_time(folder: Path, name: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a lock that the operating system releases however the process ends.

    waiting: called again and again until it is had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        while not _locked(lock.fileno()):
            waiting()
            time.sleep(_ASK_SECONDS)
        yield


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # another process has it
        return False
    return True


def _write_records(
    folder: Path, description: str, like: Mapping[str, np.ndarray], examples: Callable[[str], Any]
) -> None:
    """Write all splits to a folder .../name/config/version, in silence.

    Args:
        folder: does not exist yet.
        description: of the data set.
        like: arrays of the types that every example has, and of the shapes but for the first axis.
        examples: iterates over the numbers and the arrays of a split's examples.
    """
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core import shuffle

    class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        name = folder.parent.parent.name
        VERSION = tfds.core.Version(folder.name)
        BUILDER_CONFIGS: ClassVar = [tfds.core.BuilderConfig(name=folder.parent.name)]

        def _info(self) -> tfds.core.DatasetInfo:
            features = {
                name: tfds.features.Tensor(
                    shape=(None, *array.shape[1:]), dtype=array.dtype, encoding=_ENCODINGS.get(name, "none")
                )
                for name, array in like.items()
            }
            return tfds.core.DatasetInfo(
                builder=self,
                description=description,
                features=tfds.features.FeaturesDict(features),
                disable_shuffling=True,
            )

        def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
            del dl_manager  # nothing is downloaded
            return {split: self._generate_examples(split) for split in SPLITS}

        def _generate_examples(self, split: str) -> Any:
            return examples(split)

    tfds.disable_progress_bar()
    # Beyond this size a split is spilled to disk through TensorFlow's file layer, which is not installed; keeping even
    # fashion_scenes' `full` in memory (1.7 GB) takes less than loading it does.
    limit, shuffle.MAX_MEM_BUFFER_SIZE = shuffle.MAX_MEM_BUFFER_SIZE, sys.maxsize
    try:
        # its own bars and prints would tear the caller's
        with contextlib.redirect_stdout(io.StringIO()):
            builder = Builder(data_dir=str(folder.parent.parent.parent), file_format="array_record")
            builder.download_and_prepare()
    finally:
        shuffle.MAX_MEM_BUFFER_SIZE = limit
