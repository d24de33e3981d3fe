"""What objects are drawn from: fashion items and cut-outs of photographs, each with its silhouette.

Pixels are computed in integers (Pillow's resampling is fixed-point too), so they are the same on every processor.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image


class Pool(Protocol):
    """What a scene's objects are drawn from: N things with labels int[N].

    ``indices`` int[N] are stable names of the things over all pools, so that pools can be shown to be disjoint.
    """

    @property
    def labels(self) -> np.ndarray: ...  # noqa: D102

    @property
    def indices(self) -> np.ndarray: ...  # noqa: D102

    def scaled(self, which: int, longer: int) -> tuple[np.ndarray, np.ndarray]:
        """A thing cut to its silhouette, ``longer`` pixels long: alpha uint8[h, w] and its image uint8[h, w, ...]."""
        ...

    def coloured(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The colours that the image gets in a scene: int32[h, w, 3] in 0..255."""
        ...


@dataclass(frozen=True)
class ItemPool:
    """A Pool of fashion items, which it tints."""

    grey: np.ndarray
    """uint8[N, 28, 28]."""
    labels: np.ndarray
    """int[N]."""
    indices: np.ndarray
    """int[N]."""

    def scaled(self, which: int, longer: int) -> tuple[np.ndarray, np.ndarray]:
        """Alpha and shade, uint8[h, w] both."""
        shape = silhouette(self.grey[which])
        top, left, bottom, right = (int(edge) for edge in extents(shape[None])[0])
        size = _scaled_size((right - left, bottom - top), longer)
        alpha, shade = (
            np.asarray(Image.fromarray(whole[top:bottom, left:right]).resize(size, Image.Resampling.BILINEAR))
            for whole in (shape.view(np.uint8) * np.uint8(255), self.grey[which])
        )
        return alpha, shade

    def coloured(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Colour grey shades from a dark to a light tone of one random tint."""
        light = rng.integers(70, 256, size=3).astype(np.int32)
        dark = light * int(rng.integers(50, 130)) >> 8
        return dark + ((light - dark) * image[..., None].astype(np.int32)) // 255


@dataclass(frozen=True)
class CutOutPool:
    """A Pool of cut-outs in their own colours: N RGBA images of any size, each cut to its silhouette."""

    images: tuple[Image.Image, ...]
    """N of them."""
    labels: np.ndarray
    """int[N]."""
    indices: np.ndarray
    """int[N]."""

    def scaled(self, which: int, longer: int) -> tuple[np.ndarray, np.ndarray]:
        """Alpha uint8[h, w] and colours uint8[h, w, 3]."""
        image = self.images[which]
        # Pillow weighs colours with alpha here, so what lies under transparent pixels does not bleed in.
        pixels = np.asarray(image.resize(_scaled_size(image.size, longer), Image.Resampling.BILINEAR))
        return pixels[..., 3], pixels[..., :3]

    def coloured(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Change the light a little."""
        gain = int(rng.integers(180, 320))  # in 256ths
        return np.minimum((image.astype(np.int32) * gain) >> 8, 255)


def silhouette(image: np.ndarray) -> np.ndarray:
    """Find which pixels belong to an item: those above 3, holes filled, specks of up to 4 pixels left out.

    Not those above 0: the scaling that made the data set left ripples of value 1 to 3 beside most items, which the eye
    takes for background but which would fray the silhouettes.

    Args:
        image: uint8[H, W]

    Returns:
        bool[H, W]
    """
    from scipy import ndimage  # 0.2 s, which reading prepared data can do without

    padded = np.pad(image > 3, 1)
    parts = np.empty(padded.shape, np.int32)
    ndimage.label(~padded, output=parts)
    filled = np.not_equal(parts, parts[0, 0])  # all but the part of the background that holds the corner
    ndimage.label(filled, np.ones((3, 3), bool), output=parts)
    speck = np.bincount(parts.ravel()) <= 4
    return (filled & ~speck[parts])[1:-1, 1:-1]


def extents(masks: np.ndarray) -> np.ndarray:
    """Find the smallest boxes around masks bool[N, H, W]; int[N, 4] as ymin, xmin, ymax, xmax with ends exclusive."""
    rows, columns = np.asarray(masks.any(2)), np.asarray(masks.any(1))
    _, height, width = masks.shape
    low_y, low_x = rows.argmax(1), columns.argmax(1)
    high_y, high_x = height - rows[:, ::-1].argmax(1), width - columns[:, ::-1].argmax(1)
    return np.stack([low_y, low_x, high_y, high_x], axis=1)


def _scaled_size(size: tuple[int, int], longer: int) -> tuple[int, int]:
    scale = longer / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
