"""The photographs that images are composed over, and random crops of them.

They come from scikit-image's wheel and from two Debian packages, lomiri-wallpapers-16.04 and mate-backgrounds. Left out
are drawings, phantoms, logos, blurred calibration shots, and one of a pair that shows the same things. What remains is
divided by photograph, never by crop, so that no split has seen another's backgrounds; every split has people or
animals, things, landscapes, plants, textures and scientific images.

Each is reduced once to a shorter side of 320 pixels, and all are kept in one file of some MB, without loss: crops are
then made from small arrays, and another machine needs that file only.
"""

import hashlib
import io
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from tasks.data import packages
from tasks.errors import TaskInputError

PHOTOGRAPHS: dict[str, tuple[str, ...]] = {
    "train": (
        "astronaut.png",
        "brick.png",
        "camera.png",
        "coffee.png",
        "coins.png",
        "ihc.png",  # stained tissue under a microscope
        "moon.png",
        "motorcycle_left.png",
        "Dragonfly_by_Bolly.jpg",
        "Picture_0B_by_freespace.jpg",  # a bowl
        "Wine_by_Jakkub_Mede.jpg",  # indoors
        "aitzgorri_by_Aitzol_Berasategi.jpg",  # mountains
        "free_by_Peter_Nerlich.jpg",  # a lamp
        "life_by_Aitzol_Berasategi.jpg",  # a stream
        "Aqua.jpg",
        "Blinds.jpg",  # a leaf
        "Dune.jpg",
        "FreshFlower.jpg",
        "LadyBird.jpg",
        "Wood.jpg",
    ),
    "validation": (
        "chelsea.png",  # a cat
        "grass.png",
        "hubble_deep_field.jpg",
        "page.png",
        "Bridge_by_Sander_Klootwijk.jpg",
        "Picture_1A_by_freespace.jpg",  # brushes
        "analogpattern_by_Peter_Nerlich.jpg",
        "seeding_by_Clements_Engelhardt.jpg",
        "Garden.jpg",
        "GreenMeadow.jpg",
        "Storm.jpg",
    ),
    "test": (
        "gravel.png",
        "retina.jpg",
        "rocket.jpg",
        "text.png",
        "friends_by_Aitzol_Berasategi.jpg",  # dogs
        "greentock_by_Peter_Nerlich.jpg",  # a clock
        "picosdeeuropa_by_Aitzol_Berasategi.jpg",  # mountains
        "sunset_by_Aitzol_Berasategi.jpg",
        "RainDrops.jpg",
        "TwoWings.jpg",
        "YellowFlower.jpg",
    ),
}
ALL_PHOTOGRAPHS = tuple(name for group in PHOTOGRAPHS.values() for name in group)

SHORTER_SIDE = 320  # pixels; smaller photographs stay as they are
VARIABLE = "ACCELNAS_PHOTOGRAPHS"
CONTENT_SHA256 = "10deaae733e949d93d0ab3f747a2dec538d2d6b2a49132fff10fcbc854b7b8e7"  # of all reduced photographs

_GAIN_LOW, _GAIN_HIGH = 140, 290  # brightness of a whole crop, in 256ths
_CAST = 40  # how far one colour channel may depart from that, in 256ths
_CAST_GREY = 90  # the same for grey photographs, lest "no colour" give a background away

_WHAT_TO_DO = (
    f"run `{packages.GET}` (Debian, Ubuntu), or set {VARIABLE} to a folder with the photographs of "
    "lomiri-wallpapers-16.04 and mate-backgrounds, or to another machine's photographs.npz"
)


@dataclass(frozen=True)
class Photograph:
    """One reduced photograph."""

    index: int
    """Its place in ALL_PHOTOGRAPHS."""
    image: Image.Image
    """RGB."""
    grey: bool
    """Whether it has no colour."""


def find_photographs(home: Path) -> Path:
    """Return the file of all reduced photographs, making it below ``home / "data"`` if it is not there.

    The variable ACCELNAS_PHOTOGRAPHS may name such a file, or a folder to look for the packages' photographs in.

    Raises:
        TaskInputError: photographs are missing or cannot be read, or are not those that are pinned.
    """
    named = os.environ.get(VARIABLE)
    if named and not Path(named).is_dir():
        return Path(named)
    kept = home / "data" / "photographs.npz"
    if not kept.is_file():
        photographs = _reduced(Path(named) if named else packages.find(packages.PHOTOGRAPHS, home))
        _check(photographs, "the photographs found here")
        _write(photographs, kept)
    return kept


def read_photographs(file: Path, split: str) -> tuple[Photograph, ...]:
    """Read the photographs of a split from the file that ``find_photographs`` names; all are verified.

    Raises:
        TaskInputError: unknown split, or the file is missing, damaged or has other content.
    """
    if split not in PHOTOGRAPHS:
        raise TaskInputError(f"there are no photographs for split {split!r}; allowed: {', '.join(PHOTOGRAPHS)}")
    try:
        with file.open("rb") as opened, np.load(opened) as arrays:
            images = {name: Image.open(io.BytesIO(arrays[name].tobytes())) for name in ALL_PHOTOGRAPHS}
            for image in images.values():
                image.load()
    except (OSError, ValueError, KeyError, SyntaxError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise TaskInputError(f"photographs cannot be read from {file} ({_said(error)}): {_WHAT_TO_DO}") from error
    _check(images, str(file))
    return tuple(
        Photograph(ALL_PHOTOGRAPHS.index(name), images[name].convert("RGB"), images[name].mode == "L")
        for name in PHOTOGRAPHS[split]
    )


def _reduced(folder: Path) -> dict[str, Image.Image]:
    """Decode and reduce all photographs: scikit-image's from its wheel, the others from below the folder."""
    wheel = find_spec("skimage")
    sources = [Path(place) / "data" for place in (wheel.submodule_search_locations or () if wheel else ())]
    found = {path.name: path for path in _files([*sources, folder])}
    if missing := [name for name in ALL_PHOTOGRAPHS if name not in found]:
        raise TaskInputError(f"{len(missing)} of {len(ALL_PHOTOGRAPHS)} photographs are missing: {_WHAT_TO_DO}")
    return {name: _reduce(found[name]) for name in ALL_PHOTOGRAPHS}


def _files(folders: list[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.name in ALL_PHOTOGRAPHS)


def _reduce(path: Path) -> Image.Image:
    try:
        with Image.open(path) as opened:
            image = opened.convert("L" if opened.mode == "L" else "RGB")
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for damaged files
        raise TaskInputError(f"photograph {path} cannot be read ({_said(error)}): {_WHAT_TO_DO}") from error
    shorter = min(image.size)
    if shorter <= SHORTER_SIDE:
        return image
    width, height = (edge * SHORTER_SIDE // shorter for edge in image.size)
    return image.resize((width, height), Image.Resampling.BOX)


def _write(photographs: Mapping[str, Image.Image], file: Path) -> None:
    arrays = {}
    for name, image in photographs.items():
        image.save(png := io.BytesIO(), format="PNG")
        arrays[name] = np.frombuffer(png.getbuffer(), np.uint8)
    # written aside and renamed, so that nobody reads half a file
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(f".{os.getpid()}.part")
    with partial.open("wb") as opened:
        np.savez(opened, **arrays)
    partial.replace(file)


def _checksum(photographs: Mapping[str, Image.Image]) -> str:
    digest = hashlib.sha256()
    for name in ALL_PHOTOGRAPHS:
        image = photographs[name]
        digest.update(f"{name} {image.mode} {image.size};".encode() + image.tobytes())
    return digest.hexdigest()


def _check(photographs: Mapping[str, Image.Image], where: str) -> None:
    if (found := _checksum(photographs)) != CONTENT_SHA256:
        raise TaskInputError(
            f"{where} have content {found[:12]}..., expected {CONTENT_SHA256[:12]}...: use the pillow that "
            f"pyproject.toml names, or set {VARIABLE} to the photographs.npz of another machine"
        )


def _said(error: Exception) -> str:
    return str(error).splitlines()[0][:80] if str(error) else type(error).__name__


def crop(photograph: Photograph, size: int, rng: np.random.Generator) -> np.ndarray:
    """Cut a random square of the photograph, scale it, perhaps mirror it, and change its light.

    Integer arithmetic only, so the pixels do not depend on the processor.

    Returns:
        uint8[size, size, 3]
    """
    width, height = photograph.image.size
    side = int(rng.integers(min(size, width, height), min(width, height) + 1))
    left = int(rng.integers(0, width - side + 1))
    top = int(rng.integers(0, height - side + 1))
    box = (left, top, left + side, top + side)
    pixels = np.asarray(photograph.image.resize((size, size), Image.Resampling.BILINEAR, box=box))
    if rng.integers(2):
        pixels = pixels[:, ::-1]
    cast = _CAST_GREY if photograph.grey else _CAST
    gain = rng.integers(_GAIN_LOW, _GAIN_HIGH + 1) + rng.integers(-cast, cast + 1, size=3)
    return np.minimum((pixels * gain.astype(np.int32)) >> 8, 255).astype(np.uint8)
