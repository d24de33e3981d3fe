"""FILE.py, or an installed package's entry point: DATASET, an object with arrays of its own.

    class Mine:
        task = "classification"          # detection, segmentation
        class_names = ("circle", "square")
        side_pixels = 32                 # or (height, width)
        channels = 3
        version = "1"                    # another one whenever what `load` gives changes without this file

        def load(self, split):           # train, validation, test; asked twice and more, and gives the same
            return {"images": ..., "labels": ...}

    DATASET = Mine()

images: uint8 [N, height, width, channels].  classification: labels int [N].  detection: boxes float [N, M, 4], as ymin,
xmin, ymax, xmax in 0..1, and labels int [N, M], -1 where there is no object.  segmentation: masks uint8 [N, height,
width], 0 for background, 1 + label, 255 for what counts for nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from hw_model.errors import raised, short
from tasks.data.scenes import IGNORED
from tasks.data.settings import SPLITS
from tasks.data.user.name import LEAST_SIDE, MOST_SIDE
from tasks.data.user.source import Example
from tasks.errors import TaskInputError
from tasks.sides import Side, as_side, height_width, is_side
from tasks.user_file import run_file

ENTRY_POINT_GROUP = "accelnas.datasets"
_ARRAYS = {
    "classification": ("images", "labels"),
    "detection": ("images", "boxes", "labels"),
    "segmentation": ("images", "masks"),
}


@dataclass(frozen=True)
class ModuleSource:
    """A Source of somebody's object."""

    label: str
    """Where the object came from."""
    given: Any
    """The object."""
    source: str
    """SHA-256 of the file."""
    threads: bool = False
    notes: tuple[str, ...] = ()
    background: bool = True
    _loaded: dict[str, Mapping[str, np.ndarray]] = field(default_factory=dict, compare=False)
    """Of the one split that was read last."""
    _sizes: dict[str, tuple[int, int]] = field(default_factory=dict, compare=False)
    """(images, places for objects in each) of splits that were counted."""

    def __post_init__(self):
        tasks, names, side = self._get("task"), self._get("class_names"), self._get("side_pixels")
        if not isinstance(tasks, str) or tasks not in _ARRAYS:
            self._fail(f"task is {short(tasks)}; allowed: {', '.join(_ARRAYS)}")
        if not isinstance(names, tuple) or not names or not all(isinstance(each, str) and each for each in names):
            self._fail(f"class_names is {short(names)}; allowed: a tuple of one text and more")
        if len(set(names)) < len(names) or len(names) > 254 or (len(names) < 2 and tasks == "classification"):
            self._fail(f"{len(names)} class_names; allowed: up to 254 that differ, of classification 2 and more")
        if not is_side(side, LEAST_SIDE, MOST_SIDE):
            self._fail(
                f"side_pixels is {short(side)}; allowed: whole numbers {LEAST_SIDE} to {MOST_SIDE}, or (height, width)"
            )
        if self._get("channels") not in (1, 3):
            self._fail(f"channels is {short(self._get('channels'))}; allowed: 1, 3")
        if not callable(self._get("load")):
            self._fail("load is no function; allowed: load(split)")

    def _fail(self, reason: str) -> NoReturn:
        raise TaskInputError(f"{self.label}: DATASET: {reason}")

    def _get(self, name: str) -> Any:
        try:
            return getattr(self.given, name)
        except Exception as error:  # of a user's class
            self._fail(f"it has no {name} ({raised(error)[:60]})")

    @property
    def tasks(self) -> tuple[str, ...]:
        """Its one task."""
        return (self._get("task"),)

    @property
    def class_names(self) -> tuple[str, ...]:
        """As it says."""
        return self._get("class_names")

    @property
    def side_pixels(self) -> Side:
        """As it says."""
        return as_side(*height_width(self._get("side_pixels")))

    @property
    def channels(self) -> int:
        """As it says."""
        return self._get("channels")

    @property
    def digest(self) -> str:
        """Of the file and of the object's version; what it reads is not seen."""
        try:
            version = str(getattr(self.given, "version", ""))
        except Exception as error:  # of a user's class
            self._fail(f"its version cannot be read ({raised(error)[:60]}); allowed: a text")
        said = (self.tasks, self.class_names, self.side_pixels, self.channels, version)
        return hashlib.sha256(f"{self.source} {said}".encode()).hexdigest()

    @property
    def most_objects(self) -> int:
        """Of all splits; of masks each class is one."""
        if self.tasks != ("detection",):
            return len(self.class_names)
        return max(self._size(split)[1] for split in SPLITS)

    def count(self, split: str) -> int:
        """Images that `load` gave."""
        return self._size(split)[0]

    def name(self, split: str, place: int) -> str:
        """Its place."""
        return f"{split} {place}"

    def read(self, split: str, place: int) -> Example:
        """One of the arrays' rows."""
        arrays = self._arrays(split)
        image = arrays["images"][place]
        if self.tasks == ("classification",):
            return Example(image, int(arrays["labels"][place]))
        if self.tasks == ("segmentation",):
            return Example(image, instances=arrays["masks"][place])
        there = arrays["labels"][place] >= 0
        return Example(image, -1, arrays["boxes"][place][there].tolist(), arrays["labels"][place][there].tolist())

    def _size(self, split: str) -> tuple[int, int]:
        if split not in self._sizes:
            self._arrays(split)
            self._loaded.clear()  # each worker counts, and most read nothing
        return self._sizes[split]

    def _arrays(self, split: str) -> Mapping[str, np.ndarray]:
        if split not in self._loaded:
            self._loaded.clear()
            try:
                given = self._get("load")(split)
                arrays = {name: np.asarray(given[name]) for name in _ARRAYS[self.tasks[0]]}
            except TaskInputError:
                raise
            except (Exception, SystemExit) as error:  # a user's file may raise anything
                self._fail(f"load({split!r}) raised {raised(error)}")
            self._check(split, arrays)
            size = len(arrays["images"]), arrays["boxes"].shape[1] if "boxes" in arrays else 0
            if self._sizes.setdefault(split, size) != size:
                self._fail(f"load({split!r}) gave other shapes than before; allowed: the same each time")
            self._loaded[split] = arrays
        return self._loaded[split]

    def _check(self, split: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Shapes, kinds of number and ranges of what was given."""
        size, known = height_width(self.side_pixels), len(self.class_names)
        if not arrays["images"].ndim:
            self._fail(f"{split}: images has shape (); allowed: {('N', *size, self.channels)}")
        n = len(arrays["images"])
        many = arrays["boxes"].shape[1] if "boxes" in arrays and arrays["boxes"].ndim == 3 else 1
        shapes = {
            "images": (n, *size, self.channels),
            "labels": (n,) if self.tasks == ("classification",) else (n, many),
            "boxes": (n, many, 4),
            "masks": (n, *size),
        }
        for name, array in arrays.items():
            if array.shape != shapes[name]:
                self._fail(f"{split}: {name} has shape {array.shape}; allowed: {shapes[name]}")
            kinds = {"images": "u", "boxes": "f"}.get(name, "iu")
            if array.dtype.kind not in kinds or (name in ("images", "masks") and array.dtype != np.uint8):
                allowed = {"images": "uint8, 0 to 255", "masks": "uint8", "boxes": "floating-point"}.get(name, "int32")
                self._fail(f"{split}: {name} are {array.dtype}; allowed: {allowed}")
        if n == 0:
            self._fail(f"{split} has no image; allowed: one and more")
        if many > 254:
            self._fail(f"{split}: {many} objects in an image; allowed: up to 254")
        if "labels" in arrays:
            least = 0 if self.tasks == ("classification",) else -1
            low, high = int(arrays["labels"].min(initial=0)), int(arrays["labels"].max(initial=0))
            if low < least or high >= known:
                self._fail(f"{split}: labels are {low} to {high}; allowed: {least} to {known - 1}")
        if "boxes" in arrays:
            if not (arrays["labels"] >= 0).any():
                self._fail(f"no object in {split}; allowed: one and more")
            boxes = arrays["boxes"][arrays["labels"] >= 0]
            right = (boxes >= 0) & (boxes <= 1)
            if not right.all() or not (boxes[:, :2] < boxes[:, 2:]).all():
                self._fail(f"{split}: boxes are not ymin < ymax, xmin < xmax in 0 to 1")
        if "masks" in arrays:
            wrong = np.setdiff1d(arrays["masks"], [*range(known + 1), IGNORED])
            if len(wrong):
                self._fail(f"{split}: masks hold {wrong[0]}; allowed: 0 to {known}, and 255")


def load_module(path: Path) -> ModuleSource:
    """The DATASET of a Python file.  Raises TaskInputError, naming the file."""
    module = run_file(path, f"data set file {str(path)[-80:]}", "a Python file with DATASET")
    if not hasattr(module, "DATASET"):
        raise TaskInputError(f"data set file {str(path)[-120:]} defines no DATASET")
    return ModuleSource(str(path)[-80:], module.DATASET, hashlib.sha256(path.read_bytes()).hexdigest())


def load_entry(name: str) -> ModuleSource:
    """What an installed package registers under ENTRY_POINT_GROUP.  Raises TaskInputError."""
    found = {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}
    if name not in found:
        raise TaskInputError(f"no package has data set {name[:60]!r}; allowed: {', '.join(sorted(found)) or 'none'}")
    entry = found[name]
    version = "" if entry.dist is None else entry.dist.version
    try:
        given = entry.load()
    except (Exception, SystemExit) as error:  # of somebody's package
        raise TaskInputError(f"data set {name[:60]!r}: {entry.value} cannot be imported: {raised(error)}") from error
    return ModuleSource(f"{name[:40]} ({entry.value})", given, f"{entry.value} {version}")
