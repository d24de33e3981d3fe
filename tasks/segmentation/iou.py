"""Mean intersection over union, from one confusion matrix over all pixels of a split."""

from __future__ import annotations

import numpy as np

from tasks.data.scenes import IGNORED

_COUNTED_AT_ONCE = 256


def confusion_matrix(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Pixels int64 [classes, classes] by true class (rows) and predicted one, those whose truth is 255 left out.

    truth, predicted: uint8 [N, H, W] with values below `classes`.
    """
    counts = np.zeros(classes * classes, np.int64)
    for start in range(0, len(truth), _COUNTED_AT_ONCE):
        true, found = truth[start : start + _COUNTED_AT_ONCE], predicted[start : start + _COUNTED_AT_ONCE]
        valid = true != IGNORED
        pairs = true[valid].astype(np.int64) * classes + found[valid]
        counts += np.bincount(pairs, minlength=classes * classes)
    return counts.reshape(classes, classes)


def segmentation_quality(confusion: np.ndarray) -> dict[str, float]:
    """{"miou", "pixel_accuracy"}, both in 0..1; NaN when no pixel counts.

    miou is over the classes that occur in the truth or among the predictions, background included.
    """
    right = np.diag(confusion).astype(np.float64)
    union = confusion.sum(0) + confusion.sum(1) - np.diag(confusion)
    if not union.any():
        return {"miou": float("nan"), "pixel_accuracy": float("nan")}
    occurs = union > 0
    return {
        "miou": float((right[occurs] / union[occurs]).mean()),
        "pixel_accuracy": float(right.sum() / confusion.sum()),
    }
