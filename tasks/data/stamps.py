"""Cut-outs of photographs: which of Tux Paint's stamps are chosen, as what, and for which split.

Debian's package ``tuxpaint-stamps-default`` (GPL-2) holds images with an alpha channel below <category>/<kind>/. Many
are drawings; the photographs among them are told by their many colours. Stamps that show the same thing (apple_red,
apple_green) are a family and stay in one split.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tasks.data import packages
from tasks.data.pools import CutOutPool, extents
from tasks.data.settings import SPLITS
from tasks.errors import TaskInputError

CLASSES = ("animal", "food_plant", "thing")
CATEGORIES = {  # folders: class; of vehicles or tools alone there are too few
    "animals": "animal",
    "food": "food_plant",
    "plants": "food_plant",
    "hobbies": "thing",
    "household": "thing",
    "sports": "thing",
    "vehicles": "thing",
}
FOLDER_VARIABLE = "ACCELNAS_STAMPS"

LEAST_COLOURS = 200  # of 32 levels per channel: more than a drawing has
ALPHA_SHARE = (0.05, 0.97)  # of the image: neither a few lines nor a whole one with its own background
LEAST_SIDE = 32  # pixels of the longer side: smaller ones would only be blurred
MOST_ELONGATED = 4  # longer side over shorter: beyond, a small stamp is too narrow for a box
KEPT_SIDE = 128  # pixels of the longer side that are kept: over twice what a scene shows

_WHAT_TO_DO = (
    f"run `{packages.GET} stamps` (Debian, Ubuntu), or set {FOLDER_VARIABLE} to a folder like /{packages.STAMPS} of "
    "tuxpaint-stamps-default"
)


@dataclass(frozen=True)
class Stamp:
    """A chosen stamp."""

    path: str
    """Below the folder of stamps."""
    label: int
    """Index into CLASSES."""
    image: Image.Image
    """RGBA, cut to its silhouette."""

    @property
    def family(self) -> str:
        """What stamps of the same thing share: the first word of the file's name, without digits, in small letters."""
        return re.split(r"[-_.\d]", Path(self.path).stem.lower(), maxsplit=1)[0]


def find_stamps(home: Path) -> Path:
    """Return the folder of stamps: what the variable ACCELNAS_STAMPS says if it is set, else that of Debian's package.

    The package is installed, or unpacked below ``home`` by tasks.data.packages.

    Raises:
        TaskInputError: it lacks one of the categories.
    """
    folder = Path(os.environ.get(FOLDER_VARIABLE) or packages.find(packages.STAMPS, home))
    if missing := [category for category in CATEGORIES if not (folder / category).is_dir()]:
        raise TaskInputError(f"Tux Paint's stamps: {folder} lacks {', '.join(missing)}; {_WHAT_TO_DO}")
    return folder


def read_stamps(folder: Path) -> tuple[Stamp, ...]:
    """Read and choose the stamps below a folder, in the order of their paths.

    Raises:
        TaskInputError: a file cannot be decoded.
    """
    paths = sorted(
        path.relative_to(folder).as_posix() for category in CATEGORIES for path in (folder / category).rglob("*.png")
    )
    found = []
    for path in paths:
        if "cartoon" in path or re.search(r"_(mirror|flip)", path):
            continue
        if (image := _cut_out(folder / path)) is not None:
            found.append(Stamp(path, CLASSES.index(CATEGORIES[path.split("/")[0]]), image))
    return tuple(found)


def divide(stamps: tuple[Stamp, ...]) -> dict[str, CutOutPool]:
    """Divide stamps into pools, about 60 : 20 : 20 of each class, families together.

    A family's place depends on the hash of its name alone, hence not on the order of files. A stamp's index in its pool
    is its place in ``stamps``.

    Raises:
        TaskInputError: there are too few families of a class for each split to have one.
    """
    split_of: dict[tuple[int, str], str] = {}
    for label, name in enumerate(CLASSES):
        own = [stamp.family for stamp in stamps if stamp.label == label]
        families = sorted(set(own), key=lambda family: hashlib.sha256(family.encode()).digest())
        before = 0
        for family in families:
            split_of[label, family] = SPLITS[min(2, max(0, (5 * before) // len(own) - 2))]
            before += own.count(family)
        if {split_of[label, family] for family in families} != set(SPLITS):
            raise TaskInputError(f"{len(families)} families of stamps of class {name} are too few; {_WHAT_TO_DO}")
    return {
        split: _pool(stamps, [i for i, stamp in enumerate(stamps) if split_of[stamp.label, stamp.family] == split])
        for split in SPLITS
    }


def stamp_pool(split: str, folder: Path) -> CutOutPool:
    """Read the stamps that a split draws from; no two splits share one.  Raises TaskInputError as ``read_stamps``."""
    return divide(read_stamps(folder))[split]


def _pool(stamps: tuple[Stamp, ...], chosen: list[int]) -> CutOutPool:
    return CutOutPool(
        images=tuple(stamps[index].image for index in chosen),
        labels=np.array([stamps[index].label for index in chosen], np.int64),
        indices=np.array(chosen, np.int64),
    )


def _cut_out(path: Path) -> Image.Image | None:
    """Cut a stamp to its silhouette, at most KEPT_SIDE to a side; None if it is none to choose."""
    try:
        with Image.open(path) as opened:
            image = opened.convert("RGBA")
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for damaged PNGs
        raise TaskInputError(f"stamp {path} cannot be read ({error}); {_WHAT_TO_DO}") from error
    pixels = np.asarray(image)
    solid = pixels[..., 3] > 127
    if not ALPHA_SHARE[0] <= solid.mean() <= ALPHA_SHARE[1]:
        return None
    colours = (pixels[..., :3][solid] >> 3).astype(np.int32) @ np.array([1024, 32, 1], np.int32)
    top, left, bottom, right = (int(edge) for edge in extents(solid[None])[0])
    shorter, longer = sorted((bottom - top, right - left))
    if len(np.unique(colours)) <= LEAST_COLOURS or longer < LEAST_SIDE or longer > MOST_ELONGATED * shorter:
        return None
    cut = image.crop((left, top, right, bottom))
    cut.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.BOX, reducing_gap=None)
    return cut
