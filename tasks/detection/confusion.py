"""Which class objects are found as: a confusion matrix with a row and a column for nothing."""

from __future__ import annotations

import numpy as np

from tasks.detection.head import Detections

CONFIDENT = 0.3
"""Score from which a box counts."""
OVERLAP = 0.5
"""Intersection over union from which a box has found an object."""


def matched(boxes: np.ndarray, labels: np.ndarray, detections: Detections, classes: int) -> np.ndarray:
    """int64 [classes + 1, classes + 1]: objects by true class and that of their box, the last of each being nothing.

    boxes: float32 [N, M, 4] in 0..1; labels: int32 [N, M], -1 for padding.  The boxes of an image are taken by falling
    score; each finds that object among those not found yet which it overlaps most, of whatever class.
    """
    counts = np.zeros((classes + 1, classes + 1), np.int64)
    for truth, of, found, scores, guesses in zip(boxes, labels, *map(np.asarray, detections), strict=True):
        objects = np.flatnonzero(of >= 0)
        free = np.ones(len(objects), bool)
        for place in np.argsort(-scores, kind="stable"):
            if scores[place] < CONFIDENT:
                break
            overlap = np.where(free, _iou(found[place], truth[objects]), 0.0)
            best = int(overlap.argmax()) if len(objects) else -1
            if best >= 0 and overlap[best] >= OVERLAP:
                free[best] = False
                counts[of[objects[best]], guesses[place]] += 1
            else:
                counts[classes, guesses[place]] += 1
        np.add.at(counts, (of[objects[free]], classes), 1)
    return counts


def _iou(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    inside = np.prod(np.maximum(high - low, 0.0), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    return inside / np.maximum(areas - inside, 1e-12)
