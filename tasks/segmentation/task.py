"""Segmentation on composed scenes: which pixels are an object's, and which object's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from tasks.by_class import ByClass, rows_of, shares
from tasks.data.datasets import get_dataset, is_users
from tasks.data.scenes import IGNORED, Scenes
from tasks.errors import TaskInputError
from tasks.segmentation.iou import confusion_matrix, segmentation_quality
from tasks.segmentation.losses import enlarge, pixel_cross_entropy
from tasks.sides import height_width
from tasks.task import DatasetTask, Size

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class SegmentationTask(DatasetTask):
    """classes 1: objects against background; as many as the data set has: which object as well.

    The network's output may be coarser than the masks: it is enlarged to their size for loss and prediction, whatever
    input size and output stride the network has.
    """

    views: ClassVar[tuple[str, ...]] = ("trimaps", "segmentation")
    examples: ClassVar[type] = Scenes

    classes: int = 1
    dataset: str = "fashion_scenes"
    name: str = "segmentation"

    @property
    def output_channels(self) -> int:
        """One logit a class, and one for the background, which is first, where the data set has any."""
        return self.classes + self._background

    @property
    def output_names(self) -> tuple[str, ...]:
        """The background, where there is any, and the classes."""
        return ("background",) * self._background + self.class_names

    @property
    def _background(self) -> bool:
        dataset = get_dataset(self.dataset)
        return dataset.background if is_users(dataset) else True

    @property
    def metric(self) -> str:
        """Mean intersection over union."""
        return "miou"

    def load(self, home: Path, data: str, split: str) -> Scenes:
        """A split's scenes.  Raises TaskInputError when they are missing or damaged, or the data set has none."""
        return self._load(home, data, split)

    def arrays(self, examples: Scenes) -> dict[str, np.ndarray]:
        """What training reads: images uint8 [N, H, W, C], masks uint8 [N, H, W].

        Raises TaskInputError for masks with more classes than the task has.
        """
        return {"images": examples.images, "masks": self._masks(examples)}

    def loss(self, output: jax.Array, batch: dict[str, jax.Array], size: Size | None = None) -> jax.Array:
        """Cross-entropy over the pixels of the masks, those of value 255 left out."""
        masks = batch["masks"]
        if not self._background:  # logits begin with label 0
            masks = jnp.where(masks == IGNORED, masks, masks - 1)
        height, width = masks.shape[1:3]
        return pixel_cross_entropy(enlarge(output, height, width, size), masks)

    def predict(self, output: jax.Array, size: Size | None = None) -> jax.Array:
        """The most probable class of each pixel, 0 for background and 1 + label: uint8 [N, H, W]."""
        found = enlarge(output, *height_width(self.side_pixels), size).argmax(1).astype(jnp.uint8)
        return found if self._background else found + jnp.uint8(1)

    def quality(self, examples: Scenes, predictions: np.ndarray) -> dict[str, float]:
        """{"miou", "pixel_accuracy"} in 0..1 over all pixels of the split whose class is known."""
        masks, predicted = self._masks(examples), np.asarray(predictions)
        if masks.shape != predicted.shape:
            raise TaskInputError(f"predictions {predicted.shape} for masks {masks.shape}; they must be alike")
        return segmentation_quality(confusion_matrix(masks, predicted, self.classes + 1))

    def by_class(self, examples: Scenes, predictions: np.ndarray) -> ByClass:
        """Pixels, intersection over union, precision and recall of each class; pixels by true and predicted class."""
        confusion = confusion_matrix(self._masks(examples), np.asarray(predictions), self.classes + 1)
        names = ("background", *self.class_names)
        if not self._background:
            confusion, names = confusion[1:, 1:], names[1:]
        precision, recall, _ = shares(confusion)
        union = confusion.sum(0) + confusion.sum(1) - np.diag(confusion)
        iou = np.diag(confusion) / np.where(union > 0, union, np.nan)
        rows = rows_of(names, pixels=confusion.sum(1), iou=iou, precision=precision, recall=recall)
        return ByClass(rows, names, confusion)

    def draw_all(self, examples: Scenes, predictions: np.ndarray, path: Path) -> None:
        """Write a PNG of the first examples, truth left and prediction right."""
        from tasks.segmentation.drawing import draw_segments

        draw_segments(examples, predictions, path, self.classes)

    def draw(self, image: np.ndarray, prediction: np.ndarray, scale: int = 1) -> Image:
        """Image uint8 [H, W, C], each pixel scale x scale times, with what was predicted of it drawn in."""
        from tasks.segmentation.drawing import mark_segments

        return mark_segments(image, prediction, self.classes, scale)

    def words(self, prediction: np.ndarray) -> tuple[str, ...]:
        """Shares of the image's pixels, of the classes that have any."""
        shares = np.bincount(np.asarray(prediction).ravel(), minlength=self.classes + 1) / prediction.size
        names, order = ("background", *self.class_names), np.argsort(-shares, kind="stable").tolist()
        return tuple(f"{names[label]} {shares[label]:.1%}" for label in order if shares[label])

    def _masks(self, scenes: Scenes) -> np.ndarray:
        if self.classes == 1:
            return np.where(scenes.masks == IGNORED, np.uint8(IGNORED), (scenes.masks > 0).astype(np.uint8))
        unknown = (scenes.masks > self.classes) & (scenes.masks != IGNORED)
        if unknown.any():
            found = scenes.masks[unknown].max()
            raise TaskInputError(f"a mask holds class {found}; allowed: 0 to {self.classes}, and {IGNORED}")
        return scenes.masks
