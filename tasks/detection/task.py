"""Detection on composed scenes: is there an object, and where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import jax
import numpy as np

from tasks.by_class import ByClass, rows_of
from tasks.data.datasets import get_dataset
from tasks.data.scenes import Scenes
from tasks.detection.coco import coco_by_class, coco_map
from tasks.detection.confusion import CONFIDENT, matched
from tasks.detection.head import PREDICTED_BOXES, SIDES, Detections, detect, output_channels, read_output
from tasks.detection.losses import detection_loss
from tasks.detection.targets import make_targets
from tasks.errors import TaskInputError
from tasks.sides import height_width
from tasks.task import DatasetTask, Size

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class DetectionTask(DatasetTask):
    """classes 1: presence, as in the article; as many as the data set has: which object as well."""

    views: ClassVar[tuple[str, ...]] = ("heads", "objects", "detection")
    examples: ClassVar[type] = Scenes
    takes_size: ClassVar[bool] = False

    classes: int = 1
    dataset: str = "fashion_scenes"
    name: str = "detection"

    @property
    def output_channels(self) -> int:
        """Channels of the network's last layer."""
        return output_channels(self.classes)

    @property
    def output_names(self) -> tuple[str, ...]:
        """The classes, whose heat it is, and the distances from a cell's centre to the box's sides."""
        return (*self.class_names, *SIDES)

    @property
    def metric(self) -> str:
        """Mean average precision over IoU .50 to .95."""
        return "map"

    def load(self, home: Path, data: str, split: str) -> Scenes:
        """A split's scenes.  Raises TaskInputError when they are missing or damaged, or the data set has none."""
        return self._load(home, data, split)

    def arrays(self, examples: Scenes) -> dict[str, np.ndarray]:
        """What training reads: images uint8 [N, H, W, C], boxes float32 [N, M, 4], labels int32 [N, M]."""
        return {"images": examples.images, "boxes": examples.boxes, "labels": examples.labels}

    def loss(self, output: jax.Array, batch: dict[str, jax.Array], size: Size | None = None) -> jax.Array:
        """Scalar training loss of the network's output [N, h, w, channels]."""
        targets = make_targets(batch["boxes"], batch["labels"], output.shape[1:3], self.classes)
        return detection_loss(read_output(output), targets)

    def predict(self, output: jax.Array, size: Size | None = None) -> Detections:
        """PREDICTED_BOXES detections of the output, or twice the objects of the fullest image where those are more."""
        return detect(read_output(output), max(PREDICTED_BOXES, 2 * get_dataset(self.dataset).most_objects))

    def quality(self, examples: Scenes, predictions: Detections) -> dict[str, float]:
        """{"map", "map50"} in 0..1 of predictions for all scenes, in their order."""
        if len(predictions.boxes) != len(examples.boxes):
            raise TaskInputError(
                f"{len(predictions.boxes)} predictions for {len(examples.boxes)} scenes; they must be as many"
            )
        return coco_map(examples.boxes, examples.labels, predictions, self.classes, height_width(self.side_pixels))

    def by_class(self, examples: Scenes, predictions: Detections) -> ByClass:
        """Objects and average precision of each class; objects by true class and that of the box that found them.

        The last row and column, "nothing", are boxes on no object and objects that no box found; boxes of a score of
        CONFIDENT and more count, at an intersection over union of .5 and more.
        """
        labels = np.where(examples.labels < 0, -1, 0) if self.classes == 1 else examples.labels
        ap, ap50 = coco_by_class(examples.boxes, labels, predictions, self.classes, height_width(self.side_pixels))
        confusion = matched(examples.boxes, labels, predictions, self.classes)
        objects = [int((labels == label).sum()) for label in range(self.classes)]
        names = self.class_names
        return ByClass(rows_of(names, objects=objects, ap=ap, ap50=ap50), (*names, "nothing"), confusion)

    def draw_all(self, examples: Scenes, predictions: Detections, path: Path) -> None:
        """Write a PNG of the first examples, truth left and prediction right."""
        from tasks.detection.drawing import draw_detections

        draw_detections(examples, predictions, path, self._names)

    def draw(self, image: np.ndarray, prediction: Detections, scale: int = 1) -> Image:
        """Image uint8 [H, W, C], each pixel scale x scale times, with what was predicted of it drawn in."""
        from tasks.detection.drawing import mark_detections

        return mark_detections(image, prediction, self._names, scale)

    def words(self, prediction: Detections) -> tuple[str, ...]:
        """Boxes of a score of CONFIDENT and more, their corners in shares of the image's height and width."""
        found = zip(*(np.asarray(part).tolist() for part in prediction), strict=True)
        corners = "top {:.3f}, left {:.3f}, bottom {:.3f}, right {:.3f}"
        return tuple(
            f"{self.class_names[label]} {score:.2f}: {corners.format(*box)}"
            for box, score, label in found
            if score >= CONFIDENT
        )

    @property
    def _names(self) -> tuple[str, ...]:
        """Of the classes, none where all are one."""
        return () if self.classes == 1 else get_dataset(self.dataset).class_names
