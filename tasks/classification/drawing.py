"""Images to evaluate a classifier by: the class written on each, truth left and prediction right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tasks.drawing import SCALE, enlarged, write_pairs

if TYPE_CHECKING:
    from tasks.data.labelled import LabelledImages

RIGHT_COLOUR, WRONG_COLOUR = (90, 255, 140), (255, 120, 100)
TOLD = 3
"""Most probable classes that are written on one image."""


def draw_classes(
    examples: LabelledImages, log_probabilities: np.ndarray, path: Path, names: Sequence[str], n: int = 24
) -> None:
    """Write a PNG of the first n images, each twice: with its class, and with the most probable one, red if wrong.

    log_probabilities: float32 [N, classes] of the same images.  names: of the classes.
    """
    pairs = []
    for index in range(min(n, len(examples.images))):
        image, label = examples.images[index], int(examples.labels[index])
        probabilities = np.exp(np.asarray(log_probabilities[index]))
        best = int(probabilities.argmax())
        colour = RIGHT_COLOUR if best == label else WRONG_COLOUR
        words = [names[best], f"{probabilities[best]:.2f}"]
        pairs.append((_labelled(image, [names[label]], RIGHT_COLOUR), _labelled(image, words, colour)))
    write_pairs(pairs, path)


def mark_classes(
    image: np.ndarray, log_probabilities: np.ndarray, names: Sequence[str], scale: int = SCALE
) -> Image.Image:
    """Image uint8 [H, W, 1 or 3], enlarged, with its most probable classes.

    log_probabilities: float32 [classes], of this image.  names: of the classes.
    """
    probabilities = np.exp(log_probabilities)
    best = np.argsort(-probabilities, kind="stable")[:TOLD]
    words = [f"{names[place]} {probabilities[place]:.2f}" for place in best.tolist()]
    return _labelled(image, words, RIGHT_COLOUR, scale)


def _labelled(image: np.ndarray, lines: Sequence[str], colour: tuple[int, int, int], scale: int = SCALE) -> Image.Image:
    canvas = enlarged(image, scale)
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(10)
    draw.multiline_text((2, 0), "\n".join(lines), fill=colour, font=font, stroke_width=1, stroke_fill="black")
    return canvas
