"""Images as people have them: any size, grey, with transparency, CMYK, 16 bit, turned by the camera, cut short."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tasks.errors import TaskInputError
from tasks.sides import Side, height_width

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
_TRANSPARENT = ("LA", "La", "PA", "RGBA", "RGBa")


class UnusableError(Exception):
    """A file that cannot be used; the message is its reason in a few words, without its name."""


def is_image(path: Path) -> bool:
    """Whether a file's name is an image's; hidden files are none."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def is_hidden(path: Path, folder: Path) -> bool:
    """Whether a file or a folder on the way to it, below this one, begins with a dot, as editors keep copies."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def load_image(path: Path, upright: tuple[int, int] | None = None) -> Image.Image:
    """An image, decoded whole and turned as its camera says.

    upright: (width, height) that annotations are about.  The image is turned if that gives this size; not, if it has it
    unturned.  Raises UnusableError, also where its size is neither.
    """
    try:
        with Image.open(path) as opened:
            opened.load()
            stored = opened.copy()
            turned = ImageOps.exif_transpose(opened)
    except MemoryError:
        raise
    except UnidentifiedImageError as error:
        raise UnusableError("of no known format") from error
    except Exception as error:  # damaged files make Pillow's readers raise nearly anything
        raise UnusableError(" ".join(str(error).split())[:60] or type(error).__name__) from error
    if upright is None or turned.size == upright:
        return turned
    if stored.size == upright:
        return stored
    raise UnusableError(f"is {stored.width} x {stored.height}, annotated as {upright[0]} x {upright[1]}")


def flatten(image: Image.Image, channels: int) -> Image.Image:
    """The image in 8 bits of one channel or three; what is transparent becomes white.  Raises UnusableError."""
    if image.mode.startswith("I"):  # 16 bit, which Pillow would cut off at 255
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65_535:
            raise UnusableError(f"has values {values.min()} to {values.max()}")
        image = Image.fromarray((values >> 8).astype(np.uint8) if values.max() > 255 else values.astype(np.uint8))
    if image.mode == "F":
        raise UnusableError("holds floating-point numbers")
    try:
        if image.mode in _TRANSPARENT or "transparency" in image.info:
            image = image.convert("RGBA")
            white = Image.new("RGBA", image.size, (255, 255, 255, 255))
            image = Image.alpha_composite(white, image)
        return image.convert("L" if channels == 1 else "RGB")
    except ValueError as error:  # not every form, such as CIELAB, becomes every other
        raise UnusableError(str(error)[:60]) from error


def to_array(image: Image.Image, side: Side, channels: int) -> np.ndarray:
    """Uint8 [height, width, channels], flattened and stretched.  Raises UnusableError."""
    height, width = height_width(side)
    image = flatten(image, channels).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image, np.uint8).reshape(height, width, channels)


def load_mask(path: Path) -> np.ndarray:
    """The values of an index mask, uint8 [H, W]: palettes count by index, not by colour.  Raises UnusableError."""
    if path.suffix.lower() in (".jpg", ".jpeg"):
        raise UnusableError("is a JPEG, which changes values; allowed: PNG or another file that keeps them")
    mask = load_image(path)
    values = np.asarray(mask)
    if values.ndim == 3:
        if mask.mode in _TRANSPARENT:
            values = values[..., :-1]
        if not (values == values[..., :1]).all():
            raise UnusableError("is in colours, not an index mask")
        values = values[..., 0]
    if values.dtype == bool:
        return values.astype(np.uint8)
    if values.min() < 0 or values.max() > 255 or values.dtype.kind not in "iu":
        raise UnusableError(f"has values {values.min()} to {values.max()}")
    return values.astype(np.uint8)


def resize_mask(values: np.ndarray, side: Side) -> np.ndarray:
    """Uint8 [H, W] to uint8 [height, width], each pixel the nearest one's value."""
    height, width = height_width(side)
    return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.NEAREST))


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content.  Raises TaskInputError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TaskInputError(f"{str(path)[-120:]!r} cannot be read: {error.strerror or error}") from error
