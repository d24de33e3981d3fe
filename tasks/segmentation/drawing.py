"""A picture to judge a segmentation by: scenes tinted by their true classes and, right of that, by predicted ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tasks.data.scenes import IGNORED, Scenes
from tasks.drawing import SCALE, write_pairs

TINT = 0.7
# Background is left as it is.  Ten colours far apart (Tableau's), used again from the eleventh class on.
COLOURS = np.array(
    [
        [78, 121, 167],
        [242, 142, 43],
        [225, 87, 89],
        [118, 183, 178],
        [89, 161, 79],
        [237, 201, 72],
        [176, 122, 161],
        [255, 157, 167],
        [156, 117, 95],
        [186, 176, 172],
    ]
)


def draw_segments(scenes: Scenes, predicted: np.ndarray, path: Path, classes: int = 1, n: int = 24) -> None:
    """Write a PNG of the first n scenes, each twice: tinted by its masks, and by predicted uint8 [N, side, side].

    classes: of the task; with one, all items are tinted alike.  Pixels that do not count are black on the left.
    """
    pairs = []
    for index in range(min(n, len(scenes.images))):
        mask = scenes.masks[index]
        truth = np.where((mask > 0) & (mask != IGNORED), 1, mask) if classes == 1 else mask
        image = scenes.images[index]
        pairs.append((_tinted(image, truth), _tinted(image, np.asarray(predicted[index]))))
    write_pairs(pairs, path)


def _tinted(image: np.ndarray, mask: np.ndarray) -> Image.Image:
    colour = COLOURS[(mask.astype(int) - 1) % len(COLOURS)]
    pixels = np.where(mask[..., None] > 0, image * (1 - TINT) + colour * TINT, image)
    pixels[mask == IGNORED] = 0
    return Image.fromarray(pixels.astype(np.uint8).repeat(SCALE, 0).repeat(SCALE, 1))
