"""What every kind of data that people bring comes down to, before an image is decoded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from tasks.data.user.images import file_digest
from tasks.sides import Side

MOST_OBJECTS = 64
"""Of an image with more, the largest are kept."""


class Example(NamedTuple):
    """One image and what is known of it."""

    image: np.ndarray
    """uint8 [height, width, channels]."""
    label: int = -1
    """From 0, where the image has one label."""
    boxes: Sequence[Sequence[float]] = ()
    """ymin, xmin, ymax, xmax in 0..1 of each object."""
    labels: Sequence[int] = ()
    """From 0, of each object."""
    instances: np.ndarray | None = None
    """uint8 [height, width], as in Scenes."""


class Source(Protocol):
    """A data set that somebody brings."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that it has all for: classification, detection, segmentation."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """What labels 0, 1, ... mean."""
        ...

    @property
    def side_pixels(self) -> Side:
        """Of the images it gives."""
        ...

    @property
    def channels(self) -> int:
        """1 for grey, 3 for colour."""
        ...

    @property
    def background(self) -> bool:
        """Whether masks have pixels of no class."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of all that the arrays depend on."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What its owner should know, a line each."""
        ...

    @property
    def most_objects(self) -> int:
        """Of one image."""
        ...

    @property
    def threads(self) -> bool:
        """Whether several examples may be read at once."""
        ...

    def count(self, split: str) -> int:
        """Images of a split.  Raises TaskInputError."""
        ...

    def name(self, split: str, place: int) -> str:
        """What an image is called in a message."""
        ...

    def read(self, split: str, place: int) -> Example:
        """One example of a split.  Raises images.UnusableError for a file that cannot be used."""
        ...


@dataclass(frozen=True)
class Item:
    """An image file and what is known of it."""

    path: Path
    """The file."""
    name: str
    """Its path below the data set's folder."""
    label: int = -1
    """From 0, where it has one label."""
    boxes: tuple[tuple[float, ...], ...] = ()
    """ymin, xmin, ymax, xmax in 0..1 of each object, the largest first."""
    labels: tuple[int, ...] = ()
    """From 0, of each object."""
    annotation: str = ""
    """All else that its masks follow from, as text."""
    mask: Path | None = None
    """The file of its mask."""
    digest: str = ""
    """SHA-256 of its content."""
    mask_digest: str = ""
    """SHA-256 of its mask's content."""
    below: str = ""
    """Its path below the folder of all images, of its split or its class, which are no film; groups are told by it."""


@dataclass(frozen=True)
class FileSource:
    """A Source of image files."""

    tasks: tuple[str, ...]
    class_names: tuple[str, ...]
    side_pixels: Side
    channels: int
    splits: Mapping[str, tuple[Item, ...]]
    """The items of each split."""
    decode: Callable[[Item], Example]
    """Reads one.  Raises images.UnusableError."""
    notes: tuple[str, ...] = ()
    background: bool = True
    threads: bool = True

    @property
    def digest(self) -> str:
        """Of the content of all files and of what is known of them; not of where they lie."""
        settings = (self.tasks, self.class_names, self.side_pixels, self.channels, self.background)
        found = hashlib.sha256(repr(settings).encode())
        for split, items in self.splits.items():
            for item in items:
                known = (split, item.digest, item.mask_digest, item.label, item.boxes, item.labels, item.annotation)
                found.update(repr(known).encode())
        return found.hexdigest()

    @property
    def most_objects(self) -> int:
        """Of one image; of masks each class is one."""
        if any(item.mask for items in self.splits.values() for item in items):
            return len(self.class_names)
        return max((len(item.labels) for items in self.splits.values() for item in items), default=0) or 1

    def count(self, split: str) -> int:
        """Images of a split."""
        return len(self.splits[split])

    def name(self, split: str, place: int) -> str:
        """Path below the data set's folder."""
        return self.splits[split][place].name

    def read(self, split: str, place: int) -> Example:
        """Decode one."""
        return self.decode(self.splits[split][place])


def with_digests(items: Sequence[Item]) -> list[Item]:
    """The items with the digests of their files' content.  Raises TaskInputError for files that cannot be read."""

    def known(item: Item) -> Item:
        mask = "" if item.mask is None else file_digest(item.mask)
        return replace(item, digest=file_digest(item.path), mask_digest=mask)

    with ThreadPoolExecutor() as pool:
        return list(pool.map(known, items))
