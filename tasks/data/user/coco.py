"""coco:FILE.json: objects with boxes, and masks where each has one, as COCO writes them (arXiv:1405.0312).

Or coco:FOLDER with a file of annotations for each split, whose names or folders say which it is.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePath
from typing import Any, NoReturn

import numpy as np
from pycocotools import mask as rle

from tasks.data.scenes import IGNORED
from tasks.data.user.images import is_hidden, load_image, resize_mask, to_array
from tasks.data.user.name import Options
from tasks.data.user.source import MOST_OBJECTS, Example, FileSource, Item, with_digests
from tasks.data.user.split import complete, split_notes, split_of
from tasks.errors import TaskInputError
from tasks.sides import Side

_MOST_CLASSES = 254
"""Of masks, whose values are bytes: 0 is background, 255 ignored."""
_MOST_PIXELS = 65_535
"""Of a side."""
_FAR = 1e9
"""What no place on an image comes near to."""
_OTHERS = ("captions", "image_info", "panoptic", "person_keypoints", "stuff")
"""What COCO's own files that are about something else begin with."""


def scan_coco(path: Path, options: Options) -> FileSource:
    """What the annotations say.  Raises TaskInputError for what is not as COCO has it, and for missing images."""
    files = _files(path)
    # a file for all has no split, and its images' folders are as they are
    read = {split: _Annotations(file, options.images, split * path.is_dir()) for split, file in files.items()}
    names = next(iter(read.values())).class_names
    other = next((each for each in read.values() if each.class_names != names), None)
    if other is not None:
        raise TaskInputError(f"{other.file}: other categories than those of {next(iter(files.values())).name}")
    items = {split: with_digests(each.items) for split, each in read.items()}
    splits = complete(items, options.group)
    for split, each in splits.items():
        if not any(item.labels for item in each):
            raise TaskInputError(f"{str(path)[-80:]}: no object in {split}; allowed: one and more")
    notes = [*split_notes(items, splits, options.group)]
    masked = all(each.masked for each in read.values())
    if masked and len(names) > _MOST_CLASSES:
        masked = False
        notes.append(f"masks left out: {len(names)} categories; allowed for segmentation: up to {_MOST_CLASSES}")
    for what, key in (
        ("objects of no area left out", "empty"),
        (f"objects beyond the largest {MOST_OBJECTS} of an image left out", "too_many"),
        ("boxes reach more than a pixel beyond their image: are they x, y, width, height?", "beyond"),
        ("boxes are smaller than a pixel: are they in pixels?", "tiny"),
        (f"crowds left out: what is found there counts as wrong{', in masks for nothing' * masked}", "crowds"),
    ):
        if count := sum(each.left_out[key] for each in read.values()):
            notes.append(f"{count} {what}")
    return FileSource(
        ("detection", "segmentation") if masked else ("detection",),
        names,
        options.side,
        options.channels,
        splits,
        partial(_decode, side=options.side, channels=options.channels, masked=masked),
        notes=tuple(notes),
        threads=not masked,
    )


def _files(path: Path) -> dict[str, Path]:
    if not path.is_dir():
        return {"train": path}
    found: dict[str, Path] = {}
    for file in sorted(path.rglob("*.json")):
        if file.stem.startswith(_OTHERS) or is_hidden(file, path):
            continue
        words = file.stem.replace("instances", "").replace("-", "_").split("_")
        says = {split for word in (*words, file.parent.name) if (split := _split_of(word))}
        for split in says if len(says) == 1 else ():
            if split in found:
                raise TaskInputError(f"{file.name} and {found[split].name} are both annotations of {split}")
            found[split] = file
    if "train" not in found:
        raise TaskInputError(
            f"{str(path)[-120:]!r} has no annotations of train; allowed: train.json, val.json and such"
        )
    return found


def _split_of(word: str) -> str | None:
    """As split_of, also of COCO's own names, such as train2017."""
    return split_of(word.replace("2017", "").replace("2014", ""))


class _Annotations:
    """One file, checked."""

    def __init__(self, file: Path, images: str, split: str):
        self.file, self._split = str(file)[-80:], split
        self.left_out = {"empty": 0, "too_many": 0, "crowds": 0, "beyond": 0, "tiny": 0}
        content = self._content(file)
        categories = self._by_id(content, "categories")
        self.class_names = tuple(str(each.get("name", number)) for number, each in sorted(categories.items()))
        if len(set(self.class_names)) < len(self.class_names):
            twice = next(name for name in self.class_names if self.class_names.count(name) > 1)
            self._fail(f"two categories are called {twice[:60]!r}; allowed: names that differ")
        self._labels = {number: label for label, number in enumerate(sorted(categories))}
        listed = self._by_id(content, "images")
        folder = self._folder(file, images, [str(each.get("file_name")) for each in listed.values()])
        objects: dict[Any, list[dict[str, Any]]] = {}
        for place, each in enumerate(self._list(content, "annotations")):
            image, category = each.get("image_id"), each.get("category_id")
            known = type(image) is int and image in listed and type(category) is int and category in categories
            if not known:
                self._fail(f"annotation {place} names an image or a category that is not listed")
            objects.setdefault(image, []).append(each)
        counted = [each for found in objects.values() for each in found if not each.get("iscrowd")]
        self.masked = bool(counted) and all(each.get("segmentation") for each in counted)
        self.items = [self._item(folder, listed[number], objects.get(number, [])) for number in listed]

    def _fail(self, reason: str) -> NoReturn:
        raise TaskInputError(f"{self.file}: {reason}")

    def _content(self, file: Path) -> dict[str, Any]:
        try:
            content = json.loads(file.read_bytes())
        except OSError as error:
            self._fail(str(error.strerror or error))
        except (ValueError, RecursionError) as error:
            self._fail(f"no JSON ({str(error)[:60]})")
        if not isinstance(content, dict):
            self._fail("not COCO's: allowed: an object with images, annotations and categories")
        return content

    def _list(self, content: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        found = content.get(key)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            self._fail(f"no list {key!r} of objects, as COCO has it")
        return found

    def _by_id(self, content: Mapping[str, Any], key: str) -> dict[int, dict[str, Any]]:
        listed = self._list(content, key)
        found = {number: each for each in listed if type(number := each.get("id")) is int}
        if not found or len(found) < len(listed):
            self._fail(f"{key} without ids that are whole numbers and differ; allowed: one and more")
        return found

    def _folder(self, file: Path, images: str, names: list[str]) -> Path:
        name = file.stem.removeprefix("instances_")
        usual = [file.parent, file.parent / "images", file.parent.parent / "images", file.parent.parent / name]
        candidates = [Path(images)] if images else [*usual, file.parent / name]
        best = max(candidates, key=lambda folder: sum((folder / each).is_file() for each in names[:50]))
        missing = [each for each in names if not (best / each).is_file()]
        if missing:
            self._fail(
                f"{len(missing)} of {len(names)} images are not there, such as {missing[0][-60:]!r} in "
                f"{str(best)[-60:]!r}; say ?images=FOLDER"
            )
        return best

    def _item(self, folder: Path, image: Mapping[str, Any], objects: list[dict[str, Any]]) -> Item:
        name, width, height = str(image.get("file_name")), image.get("width"), image.get("height")
        for size in (width, height):
            if type(size) is not int or not 1 <= size <= _MOST_PIXELS:
                self._fail(f"image {name[-60:]!r} has no width and height; allowed: whole numbers 1 to {_MOST_PIXELS}")
        assert isinstance(width, int)
        assert isinstance(height, int)
        found = []
        for each in objects:
            if (shape := each.get("segmentation")) and not _is_shape(shape, height, width):
                self._fail(
                    f"an object of {name[-60:]!r} has segmentation {str(shape)[:40]}; allowed: polygons on {width} x "
                    f"{height} pixels, or an RLE of that size"
                )
            if each.get("iscrowd"):
                self.left_out["crowds"] += 1
                continue
            box = each.get("bbox")
            if not isinstance(box, list) or len(box) != 4 or not all(map(_is_length, box)):
                self._fail(f"an object of {name[-60:]!r} has bbox {str(box)[:40]}; allowed: x, y, width, height")
            x, y, w, h = (float(value) for value in box)
            edges = (y / height, x / width, (y + h) / height, (x + w) / width)
            if not all(-0.5 <= edge <= 1.5 for edge in edges):  # NaN too
                self._fail(f"an object of {name[-60:]!r} has bbox {str(box)[:60]}, not on {width} x {height} pixels")
            top, left, bottom, right = (min(max(edge, 0.0), 1.0) for edge in edges)
            if bottom <= top or right <= left:
                self.left_out["empty"] += 1
                continue
            self.left_out["beyond"] += max(y + h - height, x + w - width) > 1
            self.left_out["tiny"] += (bottom - top) * height < 1 and (right - left) * width < 1
            found.append(((bottom - top) * (right - left), (top, left, bottom, right), each))
        found.sort(key=lambda one: -one[0])
        self.left_out["too_many"] += max(0, len(found) - MOST_OBJECTS)
        kept = found[:MOST_OBJECTS]
        crowds = [each for each in objects if each.get("iscrowd")] + [each for *_, each in found[MOST_OBJECTS:]]
        shapes = [[each.get("segmentation") for *_, each in kept], [each.get("segmentation") for each in crowds]]
        return Item(
            folder / name,
            name,
            boxes=tuple(box for _, box, _ in kept),
            labels=tuple(self._labels[each["category_id"]] for *_, each in kept),
            annotation=json.dumps([width, height, *shapes]),
            below=_below(name, self._split),
        )


def _below(name: str, split: str) -> str:
    """A file's path without the folders of all images and of its split."""
    parts = PurePath(name).parts
    while len(parts) > 1 and split and (parts[0] == "images" or _split_of(parts[0]) == split):
        parts = parts[1:]
    return str(PurePath(*parts))


def _decode(item: Item, side: Side, channels: int, masked: bool) -> Example:
    width, height, shapes, crowds = json.loads(item.annotation)
    image = to_array(load_image(item.path, (width, height)), side, channels)
    if not masked:
        return Example(image, boxes=item.boxes, labels=item.labels)
    instances = np.zeros((height, width), np.uint8)
    # the largest first, so that what lies on it is seen
    for value, shape in [*((IGNORED, each) for each in crowds), *enumerate(shapes, start=1)]:
        if shape:
            instances[_pixels(shape, height, width)] = value
    return Example(image, -1, item.boxes, item.labels, resize_mask(instances, side))


def _is_length(value: Any) -> bool:
    """Whether it is a number that a float has; NaN is one."""
    return type(value) in (int, float) and not abs(value) > _FAR


def _is_shape(shape: Any, height: int, width: int) -> bool:
    """Whether a segmentation is one that pycocotools draws; it trusts what it is given, and may fill the memory."""
    if isinstance(shape, dict):
        counts = _counts(shape.get("counts"))
        right = all(type(each) is int and each >= 0 for each in counts) and sum(counts) == height * width
        return right and shape.get("size") == [height, width]
    if not isinstance(shape, list):
        return False
    for part in shape:
        if not isinstance(part, list) or len(part) < 6 or len(part) % 2:
            return False
        if not all(isinstance(each, int | float) and abs(each) < 1e6 for each in part):  # nor NaN
            return False
        points = np.array(part, float).reshape(-1, 2) / (width, height)
        if points.min() < -0.5 or points.max() > 1.5:
            return False
    return True


def _counts(given: Any) -> list[int]:
    """Lengths of runs of zeros and ones, by turns, of a list or of COCO's compressed text; nothing of anything else.

    Of a text each is five bits a character, the first of them lowest, and from the third on a difference to the one
    before the last (rleToString of COCO's maskApi.c).
    """
    if isinstance(given, list):
        return given
    counts: list[int] = []
    value = place = 0
    for character in given if isinstance(given, str) else "":
        bits = ord(character) - 48
        if not 0 <= bits < 64 or place > 12:
            return []
        value |= (bits & 31) << 5 * place
        place += 1
        if not bits & 32:
            if bits & 16:
                value -= 1 << 5 * place
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value = place = 0
    return counts


def _pixels(shape: Any, height: int, width: int) -> np.ndarray:
    """bool [height, width] of a segmentation that `_is_shape` lets through."""
    if isinstance(shape, dict):
        counts = _counts(shape["counts"])
        return np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(width, height).T
    with warnings.catch_warnings():  # of its __array__, which NumPy 2 calls in another way; not for threads
        warnings.simplefilter("ignore", DeprecationWarning)
        return rle.decode(rle.merge(rle.frPyObjects(shape, height, width))).astype(bool)  # pyright: ignore
