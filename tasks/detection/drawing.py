"""A picture to judge a detector by: scenes with true boxes on the left and predicted ones on the right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tasks.detection.head import Detections
from tasks.drawing import SCALE, write_pairs

if TYPE_CHECKING:
    from tasks.data.scenes import Scenes

LEAST_SCORE = 0.3
TRUE_COLOUR, FOUND_COLOUR = (90, 255, 140), (255, 194, 10)


def draw_detections(scenes: Scenes, detections: Detections, path: Path, names: Sequence[str] = (), n: int = 24) -> None:
    """Write a PNG of the first n scenes, each twice: with its objects, and with what was found of score 0.3 and more.

    detections: of the same scenes.  names: of the classes, which are not written when left out.
    """
    pairs = []
    for index in range(min(n, len(scenes.images))):
        seen = scenes.labels[index] >= 0
        truth = _boxes(scenes.images[index], scenes.boxes[index][seen], scenes.labels[index][seen], None, names)
        sure = np.asarray(detections.scores[index]) >= LEAST_SCORE
        boxes, labels, scores = (
            np.asarray(part[index])[sure] for part in (detections.boxes, detections.classes, detections.scores)
        )
        pairs.append((truth, _boxes(scenes.images[index], boxes, labels, scores, names)))
    write_pairs(pairs, path)


def _boxes(
    image: np.ndarray, boxes: np.ndarray, labels: np.ndarray, scores: np.ndarray | None, names: Sequence[str]
) -> Image.Image:
    picture = Image.fromarray(image.repeat(SCALE, 0).repeat(SCALE, 1))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(10)
    colour = TRUE_COLOUR if scores is None else FOUND_COLOUR
    for number, (box, label) in enumerate(zip(boxes, labels, strict=True)):
        scaled = np.asarray(box) * ([picture.height, picture.width] * 2)
        top, left, bottom, right = (round(float(edge)) for edge in scaled)
        # a box of one pixel and less still shows
        draw.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=colour)
        words: list[str] = [names[int(label)]] if names else []
        words += [] if scores is None else [f"{scores[number]:.2f}"]
        if words:
            draw.text(
                (left + 2, max(top, 0)), " ".join(words), fill=colour, font=font, stroke_width=1, stroke_fill="black"
            )
    return picture
