"""masks:PATH: images/ and masks/ with files of the same names; a mask's values are classes.

Also PATH/train/images, PATH/train/masks, ... and PATH/images/train, PATH/masks/train, ....  classes.txt names the
classes, a line each, from value 1 on (from 0 on with background=no); without it each value that occurs is a class.
Value 255 counts for nothing, but where 0 and 255 are all there is: there it is the one class.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from tasks.data.scenes import IGNORED
from tasks.data.user.folder import images_below, splits_among, sub_folders
from tasks.data.user.images import UnusableError, load_image, load_mask, resize_mask, to_array
from tasks.data.user.name import Options
from tasks.data.user.source import Example, FileSource, Item, with_digests
from tasks.data.user.split import complete, split_notes
from tasks.errors import TaskInputError
from tasks.sides import Side

MOST_CLASSES = 254
_UNKNOWN = 254  # in a lookup: a value that is no class


def scan_masks(path: Path, options: Options) -> FileSource:
    """What is below the folder.  Raises TaskInputError where images and masks are not pairs, or values no classes."""
    pairs = {split: _pairs(path, *folders) for split, folders in _folders(path).items()}
    items = {split: with_digests(found) for split, found in pairs.items()}
    every = [item for found in items.values() for item in found]
    first = 1 if options.background else 0
    values = _values(every)
    splits = complete(items, options.group)
    notes = [*split_notes(items, splits, options.group)]
    names_file = path / "classes.txt"
    names: tuple[str, ...] = ()
    if names_file.is_file():
        names = tuple(filter(None, map(str.strip, names_file.read_text("utf-8-sig", "replace").splitlines())))
        if len(set(names)) < len(names):
            raise TaskInputError(f"{str(names_file)[-100:]!r} names a class twice; allowed: a line for each")
        if options.background and names and names[0].strip("_").lower() == "background":
            raise TaskInputError(
                f"{str(names_file)[-100:]!r} begins with {names[0][:20]!r}, and names are from value 1 on; allowed: "
                "without it, or background=no"
            )
    if set(values) == {0, IGNORED} and options.background:
        if len(names) > 1:
            raise TaskInputError(
                f"{str(path)[-100:]!r}: masks hold 0 and 255 alone, one class; {names_file.name} names {len(names)}"
            )
        lookup, names = {0: 0, IGNORED: 1}, names or ("255",)
        notes.append("masks hold 0 and 255: 255 is the one class")
    elif names_file.is_file():
        lookup = {value: value + 1 - first for value in range(first + len(names))}
        if unknown := [value for value in values if value not in lookup and value != IGNORED]:
            raise TaskInputError(
                f"a mask holds {unknown[0]}; {names_file.name} names {first} to {first + len(names) - 1}, and 255 is "
                "ignored"
            )
    else:
        classes = [value for value in values if value != IGNORED and value >= first]
        names = tuple(map(str, classes))
        lookup = {value: number for number, value in enumerate(classes, start=1)}
        if options.background:
            lookup[0] = 0
    if len(names) < 2 - first or len(names) > MOST_CLASSES - 1:
        raise TaskInputError(
            f"{str(path)[-100:]!r} has {len(names)} classes; allowed: {2 - first} to {MOST_CLASSES - 1}"
        )
    table = np.full(256, _UNKNOWN, np.uint8)
    table[IGNORED] = IGNORED
    for value, number in lookup.items():
        table[value] = number
    return FileSource(
        ("segmentation",),
        names,
        options.side,
        options.channels,
        splits,
        partial(_decode, side=options.side, channels=options.channels, table=table),
        notes=tuple(notes),
        background=options.background,
    )


def _folders(path: Path) -> dict[str, tuple[Path, Path]]:
    images, masks = path / "images", path / "masks"
    if images.is_dir() and masks.is_dir():
        of_images, of_masks = (splits_among(sub_folders(each), may_be_classes=False) for each in (images, masks))
        if of_images.keys() != of_masks.keys():
            one, other = (", ".join(found) or "none" for found in (of_images, of_masks))
            raise TaskInputError(f"{str(path)[-80:]!r}: images/ has splits {one}; masks/ {other}; allowed: the same")
        return {split: (folder, of_masks[split]) for split, folder in of_images.items()} or {"train": (images, masks)}
    found = {split: (folder / "images", folder / "masks") for split, folder in splits_among(sub_folders(path)).items()}
    if not found or not all(folder.is_dir() for folders in found.values() for folder in folders):
        raise TaskInputError(f"{str(path)[-120:]!r} has no images/ and masks/; allowed: both, or both below train/ ...")
    return found


def _pairs(path: Path, images: Path, masks: Path) -> list[Item]:
    def by_name(folder: Path, ending: str = "") -> Mapping[str, Path]:
        found: dict[str, Path] = {}
        for each in images_below(folder):
            name = str(each.relative_to(folder).with_suffix("")).removesuffix(ending)
            if name in found:
                both = f"{found[name].name[-60:]!r} and {each.name[-60:]!r}"
                raise TaskInputError(f"{str(folder)[-80:]!r} has {both}; allowed: one file of a name")
            found[name] = each
        return found

    of_images, of_masks = by_name(images), by_name(masks, "_mask")
    alone = sorted(of_images.keys() ^ of_masks.keys())
    if alone:
        what = "mask" if alone[0] in of_images else "image"
        raise TaskInputError(
            f"{str(path)[-80:]!r}: {len(alone)} files lack the other half, such as {alone[0][-40:]!r}: no {what}"
        )
    return [
        Item(file, str(file.relative_to(path)), mask=of_masks[name], below=str(file.relative_to(images)))
        for name, file in of_images.items()
    ]


def _values(items: list[Item]) -> list[int]:
    def of(item: Item) -> np.ndarray:
        assert item.mask is not None
        try:
            return np.bincount(load_mask(item.mask).ravel(), minlength=256) > 0
        except UnusableError as error:
            raise TaskInputError(f"mask {str(item.mask)[-100:]!r} {error}; allowed: an index mask") from error

    with ThreadPoolExecutor() as pool:
        found = np.zeros(256, bool)
        for each in pool.map(of, items):
            found |= each
    return np.nonzero(found)[0].tolist()


def _decode(item: Item, side: Side, channels: int, table: np.ndarray) -> Example:
    assert item.mask is not None
    mask = load_mask(item.mask)
    try:
        image = load_image(item.path, (mask.shape[1], mask.shape[0]))
    except UnusableError as error:
        raise UnusableError(str(error).replace("annotated as", "its mask")) from error
    return Example(to_array(image, side, channels), instances=resize_mask(table[mask], side))
