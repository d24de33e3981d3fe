"""COCO mean average precision through pycocotools."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from tasks.detection.head import Detections


def coco_map(
    boxes: np.ndarray, labels: np.ndarray, detections: Detections, classes: int, size: tuple[int, int]
) -> dict[str, float]:
    """Mean average precision of detections against objects.

    boxes: float32 [N, M, 4] in 0..1; labels: int32 [N, M], -1 for padding; detections of the same N images;
    size: their height and width in pixels, by which objects are small or large.
    Returns {"map": over IoU .50 to .95, "map50": at IoU .50}, both in 0..1; NaN when there are no objects.
    """
    if not (labels >= 0).any():
        return {"map": float("nan"), "map50": float("nan")}
    evaluation = _evaluated(boxes, labels, detections, classes, size)
    if evaluation is None:
        return {"map": 0.0, "map50": 0.0}
    return {"map": float(evaluation.stats[0]), "map50": float(evaluation.stats[1])}


def coco_by_class(
    boxes: np.ndarray, labels: np.ndarray, detections: Detections, classes: int, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Average precision of each class, as in `coco_map`: (over IoU .50 to .95, at IoU .50), float64 [classes].

    NaN for classes without objects.
    """
    there = np.isin(np.arange(classes), labels)
    evaluation = _evaluated(boxes, labels, detections, classes, size) if there.any() else None
    if evaluation is None:
        nothing = np.where(there, 0.0, np.nan)
        return nothing, nothing
    # [IoU, recall, class], over all areas and with the most detections
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    return np.where(there, precision.mean((0, 1)), np.nan), np.where(there, precision[0].mean(0), np.nan)


def _evaluated(
    boxes: np.ndarray, labels: np.ndarray, detections: Detections, classes: int, size: tuple[int, int]
) -> COCOeval | None:
    """None where nothing was detected."""
    objects: Any = [
        {
            "id": 0,  # numbered below: pycocotools takes id 0 for "unmatched"
            "image_id": image,
            "category_id": 0 if classes == 1 else int(labels[image, m]),
            "bbox": _xywh(boxes[image, m], size),
            "area": float(np.prod(_xywh(boxes[image, m], size)[2:])),
            "iscrowd": 0,
        }
        for image, m in zip(*np.nonzero(labels >= 0), strict=True)
    ]
    for number, entry in enumerate(objects, start=1):
        entry["id"], entry["image_id"] = number, int(entry["image_id"])
    found: Any = [
        {"image_id": image, "category_id": int(c), "bbox": _xywh(box, size), "score": float(score)}
        for image, (image_boxes, scores, image_classes) in enumerate(
            zip(*(np.asarray(part) for part in detections), strict=True)
        )
        for box, score, c in zip(image_boxes, scores, image_classes, strict=True)
        if score > 0
    ]
    if not found:
        return None
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
        truth = COCO()
        dataset: Any = {
            "images": [{"id": i, "width": size[1], "height": size[0]} for i in range(len(boxes))],
            "categories": [{"id": c} for c in range(classes)],
            "annotations": objects,
        }
        truth.dataset = dataset
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def _xywh(box: np.ndarray, size: tuple[int, int]) -> list[float]:
    ymin, xmin, ymax, xmax = (float(v) * pixels for v, pixels in zip(box, (*size, *size), strict=True))
    return [xmin, ymin, xmax - xmin, ymax - ymin]
