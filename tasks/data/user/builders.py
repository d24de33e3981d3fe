"""tfds:NAME or tfds:NAME/CONFIG: what tensorflow-datasets has prepared, where its features fit.

It must lie, as array_record, where TFDS_DATA_DIR says or in ~/tensorflow_datasets.  Images with a class label are
classification's, with objects that have bbox and label detection's, with segmentation_mask segmentation's.  Splits that
it has not, or keeps the labels of back, are drawn from `train`, 70 : 15 : 15 %.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tasks.data.scenes import IGNORED
from tasks.data.settings import SPLITS
from tasks.data.store import first_line, is_machines
from tasks.data.user.images import UnusableError, resize_mask, to_array
from tasks.data.user.name import Options
from tasks.data.user.source import MOST_OBJECTS, Example
from tasks.data.user.split import SHARES, mixed, split_of
from tasks.errors import TaskInputError
from tasks.sides import Side

ENOUGH = 1_000
"""Training examples of a builder that are looked at, at random, to find the values of masks.

Of one with no more in all splits, all are, to find the most objects; of splits held out no more, to find one label.
"""
_FLAGS = ("is_crowd", "is_difficult")
"""Features of objects that COCO and VOC count neither as found nor as missed; here they are none."""
_KEPT = b"2"
"""Raise it when a change here changes which objects are kept: they are another folder then."""


@dataclass(frozen=True)
class BuilderSource:
    """A Source of a prepared builder."""

    folder: Path
    """Its version's."""
    options: Options
    threads: bool = False
    background: bool = True

    @cached_property
    def _builder(self) -> Any:
        import tensorflow_datasets as tfds

        try:
            return tfds.builder_from_directory(self.folder)
        except Exception as error:  # damaged files make its readers raise nearly anything
            raise TaskInputError(f"{str(self.folder)[-120:]!r} cannot be read ({first_line(error)[:80]})") from error

    @cached_property
    def _kind(self) -> tuple[str, Any]:
        """The task, and the ClassLabel of its classes."""
        import tensorflow_datasets as tfds

        features = self._builder.info.features
        if "image" in features:
            objects = getattr(features["objects"], "feature", {}) if "objects" in features else {}
            if "bbox" in objects and "label" in objects and isinstance(objects["label"], tfds.features.ClassLabel):
                return "detection", objects["label"]
            if "segmentation_mask" in features:
                return "segmentation", None
            labels = [name for name, each in features.items() if isinstance(each, tfds.features.ClassLabel)]
            if labels:
                return "classification", features["label" if "label" in labels else labels[0]]
        raise TaskInputError(
            f"{self.folder.parent.name} has features {', '.join(features)[:80]}; allowed: image with label, objects "
            "(bbox, label) or segmentation_mask"
        )

    @property
    def tasks(self) -> tuple[str, ...]:
        """The one that its features are for."""
        return (self._kind[0],)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Of its labels; of masks the values from 1 on that occur in ENOUGH of its examples."""
        return self._names

    @cached_property
    def _names(self) -> tuple[str, ...]:
        _, label = self._kind
        if label is not None:
            return tuple(label.names)
        masks = map(_mask, self._looked_at())
        most = max(int(mask.max(initial=0, where=mask != IGNORED)) for mask in masks)
        return tuple(map(str, range(1, max(1, most) + 1)))

    @property
    def side_pixels(self) -> Side:
        """As asked for."""
        return self.options.side

    @property
    def channels(self) -> int:
        """As asked for."""
        return self.options.channels

    @property
    def notes(self) -> tuple[str, ...]:
        """Splits without labels; which objects would be left out, as whether there are any is known only later."""
        notes = []
        for split, number in self._kept_back.items():
            some = f", of which {ENOUGH:,} were looked at" * (number > ENOUGH)
            notes.append(f"no label in {self._official[split]}{some}: {split} is drawn from train")
        if self.tasks == ("detection",):
            what = ["objects of no area"]
            if flags := " or ".join(self._flags):
                what.append(f"those with {flags} (what is found there counts as wrong)")
            if self.most_objects == MOST_OBJECTS:
                what.append(f"those beyond the largest {MOST_OBJECTS} of an image")
            notes.append(f"left out where there are any: {', '.join(what)}")
        return tuple(notes)

    @property
    def digest(self) -> str:
        """Of its description, in which the numbers and bytes of its examples are, and its files' names and sizes."""
        found = hashlib.sha256(f"{self.side_pixels} {self.channels}".encode())
        if self.tasks == ("detection",):
            found.update(_KEPT)
        if self._kept_back:
            found.update(f"without {', '.join(self._kept_back)}".encode())
        for file in sorted(self.folder.iterdir()):
            found.update(f"{file.name} {file.stat().st_size};".encode())
            if file.suffix in (".json", ".txt"):
                found.update(file.read_bytes())
        return found.hexdigest()

    @property
    def most_objects(self) -> int:
        """Of all examples, if they are no more than ENOUGH; else as many as are ever kept of one."""
        return self._most

    @cached_property
    def _most(self) -> int:
        if self.tasks != ("detection",):
            return len(self.class_names)
        places = [(split, place) for split in SPLITS for place in range(self.count(split))]
        if len(places) > ENOUGH:
            return MOST_OBJECTS
        return max(len(self._objects(self._record(*each))) for each in places) or 1

    @property
    def _flags(self) -> list[str]:
        return [name for name in _FLAGS if name in self._builder.info.features["objects"].feature]

    def _objects(self, record: Any) -> list[tuple[float, tuple[float, ...], Any]]:
        """(area, box, label) of those that are kept, the largest first."""
        given = record["objects"]
        flagged = np.zeros(len(given["label"]), bool)
        for name in self._flags:
            flagged |= np.asarray(given[name], bool)
        found = [
            (max(0.0, float(box[2] - box[0])) * max(0.0, float(box[3] - box[1])), tuple(map(float, box)), label)
            for box, label, left_out in zip(given["bbox"], given["label"], flagged, strict=True)
            if not left_out
        ]
        return sorted((each for each in found if each[0] > 0), key=lambda one: -one[0])[:MOST_OBJECTS]

    def _looked_at(self) -> Iterator[Any]:
        """Records of ENOUGH training examples, or of all."""
        places = mixed(self.count("train"))[:ENOUGH]
        return (self._record("train", place) for place in places.tolist())

    def _record(self, split: str, place: int) -> Any:
        return self._at(self._splits[split][1], int(self._splits[split][2][place]))

    def _at(self, source: Any, row: int) -> Any:
        try:
            return source[row]
        except Exception as error:  # files are opened only now, and damaged ones make readers raise nearly anything
            if is_machines(error):
                raise
            raise TaskInputError(
                f"{str(self.folder)[-100:]!r} cannot be read ({first_line(error)[:60]}); allowed: whole, as it was "
                "prepared"
            ) from error

    @cached_property
    def _official(self) -> dict[str, str]:
        """{split: the builder's name of it}."""
        found = {split: name for name in self._builder.info.splits if (split := split_of(name))}
        if "train" not in found:
            raise TaskInputError(
                f"{self.folder.parent.name} has splits {', '.join(self._builder.info.splits)[:80]}; "
                "allowed: train, validation, test"
            )
        return found

    def _open(self, split: str, **how: Any) -> Any:
        try:
            return self._builder.as_data_source(split=self._official[split], **how)
        except Exception as error:
            raise TaskInputError(
                f"{str(self.folder)[-100:]!r} cannot be read ({first_line(error)[:60]}); allowed: prepared as "
                "array_record"
            ) from error

    @cached_property
    def _kept_back(self) -> dict[str, int]:
        """{split: its images} of those held out that show no label, as test sets of contests do."""
        import tensorflow_datasets as tfds

        found: dict[str, int] = {}
        for split in sorted(self._official.keys() - {"train"}) if self._kind[1] is not None else ():
            source = self._open(split, decoders={"image": tfds.decode.SkipDecoding()})
            records = (self._at(source, place) for place in mixed(len(source))[:ENOUGH].tolist())
            if not any(0 <= label < len(self.class_names) for each in records for label in self._labels(each)):
                found[split] = len(source)
        return found

    def _labels(self, record: Any) -> list[Any]:
        """Of the objects that are kept, or the image's one."""
        if self.tasks == ("detection",):
            return [label for *_, label in self._objects(record)]
        return [record[name] for name, each in self._builder.info.features.items() if each is self._kind[1]][:1]

    @cached_property
    def _splits(self) -> dict[str, tuple[str, Any, np.ndarray]]:
        """{split: (the builder's name of what it is taken from, data source, rows)}."""
        sources = {split: self._open(split) for split in self._official if split not in self._kept_back}
        rows = {split: np.arange(len(source)) for split, source in sources.items()}
        rest = mixed(len(rows["train"]))
        for split in SPLITS[1:]:
            if split not in rows:
                taken = round(SHARES[split] * len(rows["train"]))
                rows[split], rest = np.sort(rest[:taken]), rest[taken:]
        rows["train"] = np.sort(rest)
        taken_from = {split: split if split in sources else "train" for split in SPLITS}
        return {split: (self._official[source], sources[source], rows[split]) for split, source in taken_from.items()}

    def count(self, split: str) -> int:
        """Rows of the split."""
        return len(self._splits[split][2])

    def name(self, split: str, place: int) -> str:
        """The builder's split and its row there."""
        official, _, rows = self._splits[split]
        return f"{official} {rows[place]}"

    def read(self, split: str, place: int) -> Example:
        """Decode one.  Raises UnusableError, also for labels and values of masks that are no class's."""
        record, side = self._record(split, place), self.side_pixels
        pixels = np.asarray(record["image"])
        if pixels.dtype != np.uint8 or pixels.ndim != 3:
            raise UnusableError(f"is {pixels.dtype} {pixels.shape}; allowed: uint8 [H, W, C]")
        image = to_array(Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels), side, self.channels)
        if self.tasks == ("classification",):
            return Example(image, self._known(*self._labels(record)))
        if self.tasks == ("segmentation",):
            mask, classes = _mask(record), len(self.class_names)
            if wrong := mask[(mask > classes) & (mask != IGNORED)].tolist():
                raise UnusableError(f"has {wrong[0]} in its mask; {ENOUGH:,} of train hold 0 to {classes}")
            return Example(image, -1, (), (), resize_mask(mask, side))
        kept = self._objects(record)
        return Example(image, -1, [box for _, box, _ in kept], [self._known(label) for *_, label in kept])

    def _known(self, label: Any) -> int:
        if not 0 <= label < len(self.class_names):  # builders give -1 where they keep a label back
            raise UnusableError(f"has label {label}; allowed: 0 to {len(self.class_names) - 1}")
        return int(label)


def _mask(record: Any) -> np.ndarray:
    return np.asarray(record["segmentation_mask"])[..., 0]


def find_builder(where: str, options: Options) -> BuilderSource:
    """The newest version of a builder that is prepared.  Raises TaskInputError where there is none."""
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*){0,2}", where):
        raise TaskInputError(f"tfds {where[:60]!r} is no name of a builder; allowed: NAME, NAME/CONFIG")
    usual = Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()
    versions = [each.parent for each in usual.joinpath(where).rglob("dataset_info.json")]
    if not versions:
        raise TaskInputError(
            f"tfds {where[:60]!r} is not prepared in {str(usual)[-100:]!r}: prepare it there as array_record, or set "
            "TFDS_DATA_DIR"
        )
    configs = {each.parent for each in versions}
    if len(configs) > 1:
        names = ", ".join(sorted(str(each.relative_to(usual)) for each in configs))
        raise TaskInputError(f"tfds {where[:60]!r} has configs {names[:160]}; allowed: one of them")

    def number(folder: Path) -> tuple[int, ...]:
        return tuple(int(part) if part.isdigit() else 0 for part in folder.name.split("."))

    return BuilderSource(max(versions, key=number), options)
