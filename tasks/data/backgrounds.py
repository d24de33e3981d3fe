"""Backgrounds: crops of the real photographs that scikit-image's wheel carries.

Of the pictures in the wheel, drawings, phantoms, logos and blurred calibration shots are left out, and of the stereo
pair ``motorcycle_left``/``_right`` only one, since they show the same things. What remains is divided by photograph,
never by crop, so that no split has seen another's backgrounds; every group has a colour photograph, things, a texture
and a scientific picture.
"""

from dataclasses import dataclass
from importlib import resources

import numpy as np
from PIL import Image

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
    ),
    "validation": ("chelsea.png", "grass.png", "hubble_deep_field.jpg", "page.png"),
    "test": ("gravel.png", "retina.jpg", "rocket.jpg", "text.png"),
}
ALL_PHOTOGRAPHS = tuple(name for group in PHOTOGRAPHS.values() for name in group)

_GAIN_LOW, _GAIN_HIGH = 140, 290  # brightness of a whole crop, in 256ths
_CAST = 40  # how far one colour channel may depart from that, in 256ths
_CAST_GREY = 90  # the same for grey photographs, lest "no colour" give a background away


@dataclass(frozen=True)
class Photograph:
    """A decoded photograph; ``index`` is its place in ALL_PHOTOGRAPHS, ``grey`` says that it has no colour."""

    index: int
    picture: Image.Image
    grey: bool


def read_photographs(split: str) -> tuple[Photograph, ...]:
    """Decode the photographs of a split.

    Raises:
        TaskInputError: the split is unknown, or the installed scikit-image lacks one of the files.
    """
    if split not in PHOTOGRAPHS:
        raise TaskInputError(f"there are no photographs for split {split!r}; allowed: {', '.join(PHOTOGRAPHS)}")
    return tuple(_read(name) for name in PHOTOGRAPHS[split])


def _read(name: str) -> Photograph:
    try:
        with resources.as_file(resources.files("skimage") / "data" / name) as path, Image.open(path) as picture:
            grey = picture.mode == "L"
            return Photograph(ALL_PHOTOGRAPHS.index(name), picture.convert("RGB"), grey)
    except (OSError, ModuleNotFoundError) as error:
        raise TaskInputError(
            f"photograph {name} cannot be read from the installed scikit-image ({error}); reinstall scikit-image"
        ) from error


def crop(photograph: Photograph, size: int, rng: np.random.Generator) -> np.ndarray:
    """Cut a random square of the photograph, scale it, perhaps mirror it, and change its light.

    Integer arithmetic only, so the pixels do not depend on the processor.

    Returns:
        uint8[size, size, 3]
    """
    width, height = photograph.picture.size
    side = int(rng.integers(min(size, width, height), min(width, height) + 1))
    left = int(rng.integers(0, width - side + 1))
    top = int(rng.integers(0, height - side + 1))
    box = (left, top, left + side, top + side)
    pixels = np.asarray(photograph.picture.resize((size, size), Image.Resampling.BILINEAR, box=box))
    if rng.integers(2):
        pixels = pixels[:, ::-1]
    cast = _CAST_GREY if photograph.grey else _CAST
    gain = rng.integers(_GAIN_LOW, _GAIN_HIGH + 1) + rng.integers(-cast, cast + 1, size=3)
    return np.minimum((pixels * gain.astype(np.int32)) >> 8, 255).astype(np.uint8)
