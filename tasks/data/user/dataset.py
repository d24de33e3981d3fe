"""A data set that somebody brings, behind the suite's interface: prepared once, addressed by content, memory-mapped.

Below home/data/user/KIND-DIGITS lies one .npy file for each array of each split, and content.json with the sha256 of
each, which loading verifies.  The digits are of all that the arrays follow from: another image, another side or another
class is another folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tasks.data.labelled import LabelledImages
from tasks.data.scenes import IGNORED, Scenes
from tasks.data.settings import SPLITS
from tasks.data.store import Progress, allowed, first_line, one_at_a_time
from tasks.data.user.builders import find_builder
from tasks.data.user.coco import scan_coco
from tasks.data.user.folder import scan_folder
from tasks.data.user.images import UnusableError
from tasks.data.user.masks import scan_masks
from tasks.data.user.module import load_entry, load_module
from tasks.data.user.name import Name, parse_name
from tasks.data.user.source import Example, Source
from tasks.data.user.split import mixed
from tasks.data.user.stored import CONTENT, array_digest, new_array, read_array, read_content
from tasks.errors import TaskInputError
from tasks.sides import Side, height_width

FORMAT = "3"
"""Raise it when a change here changes what an image becomes, or which place it has."""
_SHOWN = 3
_AT_ONCE = 256


def user_dataset(name: str) -> UserDataset:
    """The data set of a name.  Raises TaskInputError where the name, or what is there, is not allowed."""
    try:
        return _found(str(parse_name(name)))
    except TaskInputError:
        raise
    except (OSError, ValueError) as error:  # a path that cannot be one, a folder that may not be read
        raise TaskInputError(f"data set {name[-120:]!r} cannot be read: {first_line(error)[:80]}") from error


@lru_cache(8)
def _found(name: str) -> UserDataset:
    parsed = parse_name(name)
    path, options = Path(parsed.where), parsed.options
    if parsed.kind == "folder":
        source: Source = scan_folder(path, options)
    elif parsed.kind == "coco":
        source = scan_coco(path, options)
    elif parsed.kind == "masks":
        source = scan_masks(path, options)
    elif parsed.kind == "tfds":
        source = find_builder(parsed.where, options)
    else:
        source = load_module(path) if parsed.kind == "py" else load_entry(parsed.where)
    return UserDataset(parsed, source)


@dataclass(frozen=True, eq=False)
class UserDataset:
    """A tasks.data.datasets.Dataset of a Source; its configs are the tasks that the source has all for."""

    parsed: Name
    """Its name."""
    source: Source
    """What is there."""

    @property
    def name(self) -> str:
        """The one way to write its name."""
        return str(self.parsed)

    @property
    def class_names(self) -> tuple[str, ...]:
        """What labels 0, 1, ... mean."""
        return self.source.class_names

    @property
    def side_pixels(self) -> Side:
        """Of its images."""
        return self.source.side_pixels

    @property
    def channels(self) -> int:
        """1 for grey, 3 for colour."""
        return self.source.channels

    @property
    def most_objects(self) -> int:
        """Of one image."""
        return self.source.most_objects

    @property
    def configs(self) -> tuple[str, ...]:
        """Names of tasks."""
        return self.source.tasks

    @property
    def background(self) -> bool:
        """Whether masks have pixels of no class."""
        return self.source.background

    @cached_property
    def digits(self) -> str:
        """Of all that the arrays follow from."""
        return hashlib.sha256(f"{FORMAT} {self.source.digest}".encode()).hexdigest()[:16]

    def version(self, config: str) -> str:
        """The kind and the digits.  Raises TaskInputError for an unknown config."""
        self._allow(config)
        return f"{self.parsed.kind}-{self.digits}"

    def prepare(
        self, home: Path, config: str, progress: Progress | None = None, download: bool = False, workers: int = 1
    ) -> Path:
        """Decode all images once and write them, unless that was done; return their folder.

        Safe to interrupt, to repeat and to call from several processes at once.  workers: threads.  Raises
        TaskInputError for files that cannot be used, naming the first of them, and where there is no room.
        """
        del download
        self._allow(config)
        folder = self._folder(home)
        with one_at_a_time(folder.parent, folder.name):
            if not (folder / CONTENT).is_file():
                for leftover in folder.parent.glob(f"incomplete.{folder.name}.*"):  # of a run that was killed
                    shutil.rmtree(leftover, ignore_errors=True)
                with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"incomplete.{folder.name}.") as aside:
                    try:
                        self._write(Path(aside), progress or (lambda done, total: None), workers)
                    except TaskInputError:
                        _found.cache_clear()  # so that what is there is looked at anew once it is repaired
                        raise
                    shutil.rmtree(folder, ignore_errors=True)
                    os.rename(aside, folder)
                    os.mkdir(aside)  # for the with statement to remove
        return folder

    def load(self, home: Path, config: str, split: str) -> Scenes | LabelledImages:
        """A split's arrays, memory-mapped; ids say in which place of the source's split an image is.

        Raises TaskInputError: not prepared, damaged, or changed since; OSError: for want of open files or permission.
        """
        self._allow(config)
        allowed(f"{self.name} has no split", split, SPLITS)
        digests, folder = self._content(home)[split], self._folder(home)
        arrays = {name: read_array(folder / f"{name}-{split}.npy", digest) for name, digest in digests.items()}
        n = len(arrays["images"])
        ids = SPLITS.index(split) * 10**9 + mixed(n)
        if self.configs == ("classification",):
            return LabelledImages(arrays["images"], arrays["labels"], ids)
        many = arrays["labels"].shape[1]
        return Scenes(
            arrays["images"],
            arrays["boxes"],
            arrays["labels"],
            arrays.get("instances", np.broadcast_to(np.uint8(IGNORED), (n, *height_width(self.side_pixels)))),
            ids,
            items=np.full((n, many), -1, np.int32),
            photographs=np.full(n, -1, np.int32),
        )

    def notes(self) -> tuple[str, ...]:
        """What its owner should know, a line each: how many images of how many classes, and what was left out."""
        counts = ", ".join(f"{self.source.count(split)} {split}" for split in SPLITS)
        height, width = height_width(self.side_pixels)
        size = f"{height} x {width}, {'grey' if self.channels == 1 else 'colour'}"
        classes = f"{len(self.class_names)} classes: {_named(self.class_names)}"
        return (f"{counts} images, {size}; {classes}", *self.source.notes)

    def without(self, home: Path) -> tuple[str, ...]:
        """Which classes splits of the prepared data have no example of, a line each; none where it does not say, being
        prepared before this was noted.  Raises TaskInputError as `load` does.
        """
        content = self._content(home)
        absent = {split: [self.class_names[label] for label in content.get(f"without {split}", ())] for split in SPLITS}
        return tuple(f"no example of {_named(names)} in {split}" for split, names in absent.items() if names)

    def _allow(self, config: str) -> None:
        allowed(f"{self.name} has no config", config, self.configs)

    def _folder(self, home: Path) -> Path:
        return home / "data" / "user" / f"{self.parsed.kind}-{self.digits}"

    def _content(self, home: Path) -> dict[str, Any]:
        try:
            return read_content(self._folder(home))
        except FileNotFoundError as error:
            raise TaskInputError(f"{self.name} is not prepared in {home}: prepare it first") from error

    def _write(self, folder: Path, progress: Progress, workers: int) -> None:
        counts = {split: self.source.count(split) for split in SPLITS}
        content, done, unusable = {}, 0, []
        with ThreadPoolExecutor(workers) if self.source.threads and workers > 1 else nullcontext() as pool:
            for split, n in counts.items():
                arrays, order = self._arrays(folder, split, n), mixed(n).tolist()
                for start in range(0, n, _AT_ONCE):
                    places = order[start : start + _AT_ONCE]
                    for row, (place, example) in enumerate(_read_all(pool, self.source, split, places), start):
                        if isinstance(example, UnusableError):
                            unusable.append(f"{self.source.name(split, place)[-60:]} ({example})")
                        else:
                            self._put(arrays, row, example)
                    done += len(places)
                    progress(done, sum(counts.values()))
                for array in arrays.values():
                    if isinstance(array, np.memmap):
                        array.flush()
                if "detection" in self.configs and not unusable and not (arrays["labels"] >= 0).any():
                    raise TaskInputError(f"{self.name}: no object in {split}; allowed: one and more")
                content[split] = {name: array_digest(folder / f"{name}-{split}.npy") for name in arrays}
                found = self._labels(arrays)
                content[f"without {split}"] = np.setdiff1d(range(len(self.class_names)), found).tolist()
        if unusable:
            raise TaskInputError(
                f"{len(unusable)} of {sum(counts.values())} images cannot be used: {'; '.join(unusable[:_SHOWN])}"
                f"{' ...' if len(unusable) > _SHOWN else ''}; repair or remove them"
            )
        (folder / CONTENT).write_text(json.dumps(content))

    def _labels(self, arrays: dict[str, np.ndarray]) -> np.ndarray:
        """Those that occur, and maybe -1 and more than there are."""
        if self.configs != ("segmentation",):
            return arrays["labels"]
        # each image has all classes as its objects, seen or not: 1 + label where it is seen
        seen = np.zeros(IGNORED + 1, bool)
        for instances in arrays["instances"]:
            seen[instances] = True
        return np.flatnonzero(seen) - 1

    def _arrays(self, folder: Path, split: str, n: int) -> dict[str, np.ndarray]:
        size, many = height_width(self.side_pixels), self.most_objects
        shapes: dict[str, tuple[tuple[int, ...], type]] = {"images": ((n, *size, self.channels), np.uint8)}
        if self.configs == ("classification",):
            shapes["labels"] = ((n,), np.int32)
        else:
            shapes |= {"boxes": ((n, many, 4), np.float32), "labels": ((n, many), np.int32)}
            if "segmentation" in self.configs:
                shapes["instances"] = ((n, *size), np.uint8)
        try:
            return {
                name: new_array(folder / f"{name}-{split}.npy", dtype, shape) for name, (shape, dtype) in shapes.items()
            }
        except OSError as error:
            raise TaskInputError(f"{str(folder)[-120:]} cannot be written: {error.strerror or error}") from error

    def _put(self, arrays: dict[str, np.ndarray], row: int, example: Example) -> None:
        arrays["images"][row] = example.image
        if self.configs == ("classification",):
            arrays["labels"][row] = example.label
            return
        if self.configs == ("segmentation",):  # an object a class
            arrays["labels"][row] = np.arange(arrays["labels"].shape[1])
        else:
            count = len(example.labels)
            arrays["labels"][row] = -1
            arrays["labels"][row, :count] = example.labels
            arrays["boxes"][row, :count] = np.asarray(example.boxes, np.float32).reshape(count, 4)
        if "instances" in arrays:
            arrays["instances"][row] = example.instances


def _read_all(pool: Executor | None, source: Source, split: str, places: list[int]) -> Any:
    """(place, example or the UnusableError it raised) of each."""

    def read(place: int) -> Example | UnusableError:
        try:
            return source.read(split, place)
        except UnusableError as error:
            return error

    if pool is None:
        return ((place, read(place)) for place in places)
    futures: list[Future[Any]] = [pool.submit(read, place) for place in places]
    return ((place, future.result()) for place, future in zip(places, futures, strict=True))


def _named(classes: Sequence[str]) -> str:
    names = ", ".join(classes)
    return names if len(names) <= 60 else names[:57] + "..."
