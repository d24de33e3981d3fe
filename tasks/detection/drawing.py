"""An image to evaluate a detector by: scenes with true boxes on the left and predicted ones on the right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tasks.detection.confusion import CONFIDENT
from tasks.detection.head import Detections
from tasks.drawing import SCALE, enlarged, write_pairs

if TYPE_CHECKING:
    from tasks.data.scenes import Scenes

TRUE_COLOUR, FOUND_COLOUR = (90, 255, 140), (255, 194, 10)


def draw_detections(scenes: Scenes, detections: Detections, path: Path, names: Sequence[str] = (), n: int = 24) -> None:
    """Write a PNG of the first n scenes, each twice: with its objects, and with what was found of score 0.3 and more.

    detections: of the same scenes.  names: of the classes, which are not written when left out.
    """
    pairs = []
    for index in range(min(n, len(scenes.images))):
        seen = scenes.labels[index] >= 0
        truth = _boxes(scenes.images[index], scenes.boxes[index][seen], scenes.labels[index][seen], None, names)
        found = Detections(*(part[index] for part in detections))
        pairs.append((truth, mark_detections(scenes.images[index], found, names)))
    write_pairs(pairs, path)


def mark_detections(image: np.ndarray, found: Detections, names: Sequence[str] = (), scale: int = SCALE) -> Image.Image:
    """Image uint8 [H, W, 1 or 3], enlarged, with what was found in it of score 0.3 and more; names as above."""
    sure = np.asarray(found.scores) >= CONFIDENT
    boxes, labels, scores = (np.asarray(part)[sure] for part in (found.boxes, found.classes, found.scores))
    return _boxes(image, boxes, labels, scores, names, scale)


def _boxes(
    image: np.ndarray,
    boxes: np.ndarray,
    labels: np.ndarray,
    scores: np.ndarray | None,
    names: Sequence[str],
    scale: int = SCALE,
) -> Image.Image:
    canvas = enlarged(image, scale)
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(10)
    colour = TRUE_COLOUR if scores is None else FOUND_COLOUR
    for number, (box, label) in enumerate(zip(boxes, labels, strict=True)):
        scaled = np.asarray(box) * ([canvas.height, canvas.width] * 2)
        top, left, bottom, right = (round(float(edge)) for edge in scaled)
        # a box of one pixel and less still shows
        draw.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=colour)
        words: list[str] = [names[int(label)]] if names else []
        words += [] if scores is None else [f"{scores[number]:.2f}"]
        if words:
            draw.text(
                (left + 2, max(top, 0)), " ".join(words), fill=colour, font=font, stroke_width=1, stroke_fill="black"
            )
    return canvas
