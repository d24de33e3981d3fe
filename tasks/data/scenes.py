"""FashionScenes as plain arrays: prepare once, then load a split into memory.

    prepare(home, "quick")
    scenes = load_scenes(home, "quick", "train")

Nothing here imports TensorFlow; tensorflow_datasets is imported when a function needs it.
"""

import contextlib
import fcntl
import hashlib
import io
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.data.checksums import PILLOW_MAJOR, PINNED
from tasks.data.settings import CONFIGS, MOST_OBJECTS, SIDE, SPLITS, SceneCounts
from tasks.errors import TaskInputError

if TYPE_CHECKING:
    from tasks.data.fashion_scenes import FashionScenes

_READ_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Scenes:
    """N scenes in the order of their ids, padded to 4 objects each.

    images uint8[N, 96, 96, 3]; boxes float32[N, 4, 4] as ymin, xmin, ymax, xmax in 0..1, zero where there is no object;
    labels int32[N, 4] in 0..9, -1 where there is none; instances uint8[N, 96, 96], 0 for background and 1 + k where
    object k is seen; ids int64[N]. Where they come from: items int32[N, 4] (-1 for none) and photographs int32[N], the
    index into tasks.data.backgrounds.ALL_PHOTOGRAPHS.
    """

    images: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    instances: np.ndarray
    ids: np.ndarray
    items: np.ndarray
    photographs: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def masks(self) -> np.ndarray:
        """Semantic masks uint8[N, 96, 96]: 0 for background, 1 + label elsewhere."""
        values = np.zeros((len(self), MOST_OBJECTS + 1), np.uint8)
        values[:, 1:] = self.labels + 1
        masks = np.empty_like(self.instances)
        for lookup, instances, mask in zip(values, self.instances, masks, strict=True):
            np.take(lookup, instances, out=mask)
        return masks

    def take(self, chosen: slice | np.ndarray) -> "Scenes":
        """Return some of the scenes: a slice (views, nothing copied), or an array of positions or of bools."""
        return Scenes(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


def prepare(home: Path, config: str, progress: Callable[[int, int], None] | None = None) -> Path:
    """Compose and write a config's three splits below ``home / "data"``, unless they are there; return their folder.

    Safe to interrupt, to repeat, and to call from several processes at once: scenes are written aside and renamed when
    complete, and one process at a time prepares. What has been written is read back and compared with its checksums.

    Args:
        home: the suite's folder for everything it keeps.
        config: one of tasks.data.settings.CONFIGS.
        progress: called as ``progress(scenes done, scenes in all)``.

    Raises:
        TaskInputError: unknown config, Fashion-MNIST or a photograph not found, or the content is not what is pinned.
    """
    _allowed("config", config, CONFIGS)
    with _one_at_a_time(home / "data", config):
        builder = _builder(home, config, progress)
        if _is_prepared(builder, CONFIGS[config]):
            return Path(builder.data_dir)
        for leftover in Path(builder.data_dir).parent.glob("incomplete.*"):  # of a run that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        _write(builder)
        for split in SPLITS:
            verify(load_unverified(home, config, split), home, config, split)
        return Path(builder.data_dir)


def load_scenes(home: Path, config: str, split: str) -> Scenes:
    """Load a prepared split into memory and verify its checksum (quick/train: 20,000 scenes, 0.75 GB, seconds).

    Raises:
        TaskInputError: unknown config or split, not prepared, a damaged file, or the content is not what is pinned.
    """
    scenes = load_unverified(home, config, split)
    verify(scenes, home, config, split)
    return scenes


def content_checksum(scenes: Scenes) -> str:
    """Return the sha256 over all arrays of the scenes, in the order of the fields and of the ids."""
    digest = hashlib.sha256()
    for field in fields(scenes):
        array = np.ascontiguousarray(getattr(scenes, field.name))
        digest.update(f"{field.name} {array.dtype.str} {array.shape};".encode())
        digest.update(array.data)
    return digest.hexdigest()


def verify(scenes: Scenes, home: Path, config: str, split: str) -> None:
    """Raise TaskInputError unless the scenes have the content that is pinned for this config and split."""
    found, expected = content_checksum(scenes), PINNED[config][split]
    if found != expected:
        raise TaskInputError(
            f"FashionScenes {config}/{split} has content {found[:12]}..., expected {expected[:12]}...: delete "
            f"{_folder(home, config)} and prepare again; if it recurs, install pillow {PILLOW_MAJOR}.x, with which the "
            "expected content was composed"
        )


def load_unverified(home: Path, config: str, split: str) -> Scenes:
    """Load a prepared split without comparing its content with the pinned checksum."""
    _allowed("config", config, CONFIGS)
    _allowed("split", split, SPLITS)
    builder = _builder(home, config)
    if not _is_prepared(builder, CONFIGS[config]):
        raise TaskInputError(f"FashionScenes {config} is not prepared in {home}: prepare it first")
    try:
        source: Any = builder.as_data_source(split=split)  # pyright: ignore[reportCallIssue] - a decorator hides it
        scenes = _empty(len(source))
        for start in range(0, len(source), _READ_AT_ONCE):
            rows = range(start, min(start + _READ_AT_ONCE, len(source)))
            for row, example in zip(rows, source.__getitems__(list(rows)), strict=True):
                _fill(scenes, row, example)
    except Exception as error:  # damaged bytes make the readers raise nearly anything
        file = _damaged(Path(builder.data_dir), split)
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TaskInputError(f"{file} is damaged ({reason}): delete {builder.data_dir} and prepare again") from error
    return scenes


def _allowed(what: str, given: str, allowed: Any) -> None:
    if given not in allowed:
        raise TaskInputError(f"FashionScenes has no {what} {given!r}; allowed: {', '.join(allowed)}")


def _builder(home: Path, config: str, progress: Callable[[int, int], None] | None = None) -> "FashionScenes":
    from tasks.data.fashion_scenes import FashionScenes

    try:
        return FashionScenes(
            config=config,
            data_dir=str(home / "data"),
            file_format="array_record",
            downloads=home / "data",
            progress=progress,
        )
    except Exception as error:  # an existing dataset_info.json or features.json is read here
        folder = _folder(home, config)
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TaskInputError(f"{folder} is damaged ({reason}): delete it and prepare again") from error


def _folder(home: Path, config: str) -> Path:
    from tasks.data.fashion_scenes import FashionScenes

    return home / "data" / FashionScenes.name / config / str(FashionScenes.VERSION)


def _is_prepared(builder: "FashionScenes", counts: SceneCounts) -> bool:
    splits = builder.info.splits
    return all(split in splits and splits[split].num_examples == counts.of(split) for split in SPLITS)


def _empty(n: int) -> Scenes:
    return Scenes(
        images=np.empty((n, SIDE, SIDE, 3), np.uint8),
        boxes=np.zeros((n, MOST_OBJECTS, 4), np.float32),
        labels=np.full((n, MOST_OBJECTS), -1, np.int32),
        instances=np.empty((n, SIDE, SIDE), np.uint8),
        ids=np.empty(n, np.int64),
        items=np.full((n, MOST_OBJECTS), -1, np.int32),
        photographs=np.empty(n, np.int32),
    )


def _fill(scenes: Scenes, row: int, example: dict[str, Any]) -> None:
    objects = example["objects"]
    k = len(objects["label"])
    scenes.images[row] = example["image"]
    scenes.boxes[row, :k] = objects["bbox"]
    scenes.labels[row, :k] = objects["label"]
    scenes.instances[row] = example["instances"]
    scenes.ids[row] = example["id"]
    scenes.items[row, :k] = objects["item"]
    scenes.photographs[row] = example["photograph"]


def _damaged(folder: Path, split: str) -> Path:
    """Find which file of a split cannot be read; the folder if each can."""
    from array_record.python.array_record_module import ArrayRecordReader

    for file in sorted(folder.glob(f"*-{split}.array_record-*")):
        try:
            ArrayRecordReader(str(file)).read_all()
        except Exception:  # what it raises is not documented
            return file
    return folder


@contextlib.contextmanager
def _one_at_a_time(folder: Path, config: str) -> Iterator[None]:
    """Hold a lock that the operating system releases however the process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"fashion_scenes-{config}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(builder: "FashionScenes") -> None:
    """Generate and write all splits, without tensorflow_datasets' own bars and prints: they would tear the caller's."""
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core import shuffle

    tfds.disable_progress_bar()
    # Beyond this size a split is spilled to disk through TensorFlow's file layer, which is not installed; keeping even
    # `full` in memory (1.7 GB) takes less than loading it does.
    limit, shuffle.MAX_MEM_BUFFER_SIZE = shuffle.MAX_MEM_BUFFER_SIZE, sys.maxsize
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            builder.download_and_prepare()
    finally:
        shuffle.MAX_MEM_BUFFER_SIZE = limit
