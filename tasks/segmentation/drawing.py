"""An image to evaluate a segmentation by: true segments outlined on the left, predicted ones on the right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tasks.data.scenes import IGNORED, Scenes
from tasks.drawing import SCALE, write_pairs
from tasks.segmentation.iou import confusion_matrix, segmentation_quality

TINT = 0.3  # light, so that what is in the image still shows; the outline tells segments from scenes of their colour
YELLOW = np.array([[255, 225, 0]])
# Of several classes: ten colours far apart (Tableau's), used again from the eleventh class on.
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
    """Write a PNG of the first n scenes, each twice: with its masks, and with predicted uint8 [N, H, W].

    classes: of the task; with one, all items are yellow.  Over the prediction stands the scene's own mean intersection
    over union.  Pixels that do not count are black on the left.
    """
    pairs, notes = [], []
    for index in range(min(n, len(scenes.images))):
        mask, found, image = scenes.masks[index], np.asarray(predicted[index]), scenes.images[index]
        truth = np.where((mask > 0) & (mask != IGNORED), 1, mask) if classes == 1 else mask
        pairs.append((mark_segments(image, truth, classes), mark_segments(image, found, classes)))
        quality = segmentation_quality(confusion_matrix(truth[None], found[None], classes + 1))
        notes.append(f"mIoU {quality['miou']:.2f}")
    write_pairs(pairs, path, notes)


def mark_segments(image: np.ndarray, mask: np.ndarray, classes: int = 1, scale: int = SCALE) -> Image.Image:
    """Image uint8 [H, W, 3] enlarged, its segments tinted and outlined: a line of their colour, black around it.

    mask: uint8 [H', W'], stretched over the image.
    """
    colours = YELLOW if classes == 1 else COLOURS
    height, width = image.shape[:2]
    rows, columns = (np.arange(size) * of // size for size, of in zip((height, width), mask.shape, strict=True))
    mask = mask[rows][:, columns]
    image, mask = (array.repeat(scale, 0).repeat(scale, 1) for array in (image, mask))
    segments = np.where(mask == IGNORED, 0, mask)
    colour = colours[(segments.astype(int) - 1) % len(colours)]
    pixels = np.where(segments[..., None] > 0, image * (1 - TINT) + colour * TINT, image)
    # beyond the image's edge everything goes on as it is there
    padded = np.pad(segments, 1, mode="edge")
    around = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    border = np.any([neighbours != segments for neighbours in around], axis=0)
    pixels[(mask == IGNORED) | (border & (segments == 0))] = 0
    line = border & (segments > 0)
    pixels[line] = colour[line]
    return Image.fromarray(pixels.astype(np.uint8))
