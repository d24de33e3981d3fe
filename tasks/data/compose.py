"""Composing one scene: items or cut-outs, scaled, over a crop of a photograph, with exact boxes and masks.

Everything random comes from the generator passed in, and pixels are computed in integers (Pillow's resampling is
fixed-point too), so a scene is the same on every processor; on Pillow's version see tasks.data.checksums.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image

from tasks.data.backgrounds import Photograph, crop
from tasks.data.fashion_mnist import Items
from tasks.data.settings import MOST_OBJECTS, SIDE


@dataclass(frozen=True)
class SceneRules:
    """What a scene may look like; lengths in pixels, ``contrast`` in grey levels of 0..255."""

    side: int = SIDE
    most_objects: int = MOST_OBJECTS
    item_low: int = 24  # longer side of an item
    item_high: int = 56
    least_visible: float = 0.5  # share of an item's silhouette that other items leave uncovered
    least_box_side: int = 6
    contrast: int = 28  # mean difference between an item and what it covers
    attempts: int = 8  # to place an item before it is dropped


class Pool(Protocol):
    """What a scene's objects are drawn from: N things with labels int[N].

    ``indices`` int[N] are stable names of the things over all pools, so that pools can be shown to be disjoint.
    """

    @property
    def labels(self) -> np.ndarray: ...  # noqa: D102

    @property
    def indices(self) -> np.ndarray: ...  # noqa: D102

    def scaled(self, which: int, longer: int) -> tuple[np.ndarray, np.ndarray]:
        """A thing cut to its silhouette, ``longer`` pixels long: alpha uint8[h, w] and its picture uint8[h, w, ...]."""
        ...

    def coloured(self, picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The colours that the picture gets in a scene: int32[h, w, 3] in 0..255."""
        ...


@dataclass(frozen=True)
class ItemPool:
    """A Pool of fashion items: grey and alpha uint8[N, 28, 28] (255 inside the silhouette), labels and indices int[N].

    ``boxes`` int[N, 4] are the silhouettes' extents (ymin, xmin, ymax, xmax; ends exclusive). Items are tinted.
    """

    grey: np.ndarray
    alpha: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    indices: np.ndarray

    def scaled(self, which: int, longer: int) -> tuple[np.ndarray, np.ndarray]:
        """Alpha and shade, uint8[h, w] both."""
        top, left, bottom, right = (int(v) for v in self.boxes[which])
        size = _scaled_size((right - left, bottom - top), longer)
        window = np.s_[which, top:bottom, left:right]
        alpha, shade = (
            np.asarray(Image.fromarray(picture[window]).resize(size, Image.Resampling.BILINEAR))
            for picture in (self.alpha, self.grey)
        )
        return alpha, shade

    def coloured(self, picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Colour grey shades from a dark to a light tone of one random tint."""
        light = rng.integers(70, 256, size=3).astype(np.int32)
        dark = light * int(rng.integers(50, 130)) >> 8
        return dark + ((light - dark) * picture[..., None].astype(np.int32)) // 255


@dataclass(frozen=True)
class CutOutPool:
    """A Pool of cut-outs in their own colours: N RGBA pictures of any size, each cut to its silhouette."""

    pictures: tuple[Image.Image, ...]
    labels: np.ndarray
    indices: np.ndarray

    def scaled(self, which: int, longer: int) -> tuple[np.ndarray, np.ndarray]:
        """Alpha uint8[h, w] and colours uint8[h, w, 3]."""
        picture = self.pictures[which]
        # Pillow weighs colours with alpha here, so what lies under transparent pixels does not bleed in.
        pixels = np.asarray(picture.resize(_scaled_size(picture.size, longer), Image.Resampling.BILINEAR))
        return pixels[..., 3], pixels[..., :3]

    def coloured(self, picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Change the light a little."""
        gain = int(rng.integers(180, 320))  # in 256ths
        return np.minimum((picture.astype(np.int32) * gain) >> 8, 255)


@dataclass(frozen=True)
class Scene:
    """One composed scene with K objects, K in 1..4.

    image uint8[S, S, 3]; instances uint8[S, S], 0 for background and 1 + k where object k is seen; boxes int[K, 4] in
    pixels (ymin, xmin, ymax, xmax; ends exclusive), the exact extents of what is seen; labels and items int[K];
    photograph: index of the background's photograph.
    """

    image: np.ndarray
    instances: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    items: np.ndarray
    photograph: int


def silhouettes(images: np.ndarray) -> np.ndarray:
    """Find which pixels belong to each item: those above 3, holes filled, specks of up to 4 pixels left out.

    Not those above 0: the scaling that made the data set left ripples of value 1 to 3 beside most items, which the eye
    takes for background but which would fray the silhouettes.

    Args:
        images: uint8[N, H, W]

    Returns:
        bool[N, H, W]
    """
    # A few hundred pictures at a time fit the cache, which makes it five times as fast.
    return np.concatenate([_silhouettes(images[start : start + 512]) for start in range(0, len(images), 512)])


def _silhouettes(images: np.ndarray) -> np.ndarray:
    from scipy import ndimage  # 0.2 s, which reading prepared scenes can do without

    padded = np.pad(images > 3, ((0, 0), (1, 1), (1, 1)))
    # Structures that are flat along axis 0 let one call label all pictures, each by itself.
    cross, square = np.zeros((2, 3, 3, 3), bool)
    cross[1] = [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    square[1] = True
    parts = np.empty(padded.shape, np.int32)
    ndimage.label(~padded, cross, output=parts)
    filled = np.not_equal(parts, parts[:, :1, :1])  # all but the part of the background that holds the corner
    ndimage.label(filled, square, output=parts)
    speck = np.bincount(parts.ravel()) <= 4
    return (filled & ~speck[parts])[:, 1:-1, 1:-1]


def make_pool(items: Items, chosen: slice, first_index: int = 0) -> ItemPool:
    """Make a pool of some of the items; item i of ``items`` gets the index ``first_index + i``."""
    shapes = silhouettes(items.images[chosen])
    return ItemPool(
        grey=items.images[chosen],
        alpha=shapes.view(np.uint8) * np.uint8(255),
        boxes=extents(shapes),
        labels=items.labels[chosen].astype(np.int64),
        indices=np.arange(len(items.labels))[chosen] + first_index,
    )


def extents(masks: np.ndarray) -> np.ndarray:
    """Find the smallest boxes around masks bool[N, H, W]; int[N, 4] as ymin, xmin, ymax, xmax with ends exclusive."""
    rows, columns = np.asarray(masks.any(2)), np.asarray(masks.any(1))
    _, height, width = masks.shape
    low_y, low_x = rows.argmax(1), columns.argmax(1)
    high_y, high_x = height - rows[:, ::-1].argmax(1), width - columns[:, ::-1].argmax(1)
    return np.stack([low_y, low_x, high_y, high_x], axis=1)


def compose(
    pool: Pool, photographs: Sequence[Photograph], rng: np.random.Generator, rules: SceneRules | None = None
) -> Scene:
    """Compose one scene of 1 to ``rules.most_objects`` objects.

    Later items cover earlier ones. An item that would stand out too little, or hide another too far, is placed anew,
    and dropped after ``rules.attempts``; the first item is always placed.
    """
    rules = rules or SceneRules()
    photograph = photographs[int(rng.integers(len(photographs)))]
    image = crop(photograph, rules.side, rng)
    instances = np.zeros((rules.side, rules.side), np.uint8)
    drawn: list[int] = []
    areas: list[int] = []
    for _ in range(int(rng.integers(1, rules.most_objects + 1))):
        for attempt in range(rules.attempts):
            last_chance = attempt == rules.attempts - 1 and not drawn
            which = int(rng.integers(len(pool.labels)))
            alpha, picture = pool.scaled(which, int(rng.integers(rules.item_low, rules.item_high + 1)))
            if rng.integers(2):
                alpha, picture = alpha[:, ::-1], picture[:, ::-1]
            height, width = alpha.shape
            top = int(rng.integers(0, rules.side - height + 1))
            left = int(rng.integers(0, rules.side - width + 1))
            window = np.s_[top : top + height, left : left + width]
            seen = alpha >= 128
            pixels = pool.coloured(picture, rng)
            covered = instances.copy()
            covered[window][seen] = len(drawn) + 1
            if not last_chance and (
                _difference(pixels, image[window], seen) < rules.contrast
                or not _all_visible(covered, [*areas, int(seen.sum())], rules)
            ):
                continue
            instances = covered
            image[window] = _blend(pixels, image[window], alpha)
            drawn.append(which)
            areas.append(int(seen.sum()))
            break
    masks = instances == np.arange(1, len(drawn) + 1, dtype=np.uint8)[:, None, None]
    return Scene(image, instances, extents(masks), pool.labels[drawn], pool.indices[drawn], photograph.index)


def _scaled_size(size: tuple[int, int], longer: int) -> tuple[int, int]:
    scale = longer / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _difference(pixels: np.ndarray, under: np.ndarray, seen: np.ndarray) -> float:
    return float(np.abs(pixels - under)[seen].mean())


def _blend(pixels: np.ndarray, under: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    weight = alpha[..., None].astype(np.int32)
    return ((weight * pixels + (255 - weight) * under + 127) // 255).astype(np.uint8)


def _all_visible(instances: np.ndarray, areas: list[int], rules: SceneRules) -> bool:
    """Whether enough of each object is seen: ``areas`` are their silhouettes' pixels when nothing covers them."""
    left = np.bincount(instances.ravel(), minlength=len(areas) + 1)[1:]
    if (left < rules.least_visible * np.asarray(areas)).any():
        return False
    boxes = extents(instances == np.arange(1, len(areas) + 1, dtype=np.uint8)[:, None, None])
    return bool(((boxes[:, 2:] - boxes[:, :2]) >= rules.least_box_side).all())
