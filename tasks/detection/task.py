"""Detection on FashionScenes: is there an item, and where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from tasks.data.checksums import PINNED
from tasks.data.scenes import Scenes, load_scenes
from tasks.data.settings import SIDE, SPLITS
from tasks.detection.coco import coco_map
from tasks.detection.head import Detections, detect, output_channels, read_output
from tasks.detection.losses import detection_loss
from tasks.detection.targets import make_targets
from tasks.errors import TaskInputError


@dataclass(frozen=True)
class DetectionTask:
    """classes 1: presence, as in the article; classes 10: which of Fashion-MNIST's items as well."""

    classes: int = 1
    name: str = "detection"
    side_pixels: int = SIDE

    @property
    def output_channels(self) -> int:
        """Channels of the network's last layer."""
        return output_channels(self.classes)

    def data_version(self, data: str) -> str:
        """What identifies the content of a data configuration.  Raises TaskInputError for an unknown one."""
        if data not in PINNED:
            raise TaskInputError(f"unknown data configuration {data!r}; allowed: {', '.join(PINNED)}")
        return "fashion_scenes-" + "-".join(PINNED[data][split][:12] for split in SPLITS)

    def load(self, home: Path, data: str, split: str) -> Scenes:
        """A split's scenes.  Raises TaskInputError when they are missing or corrupted."""
        return load_scenes(home, data, split)

    def arrays(self, scenes: Scenes) -> dict[str, np.ndarray]:
        """What training reads: images uint8 [N, H, W, 3], boxes float32 [N, M, 4], labels int32 [N, M]."""
        return {"images": scenes.images, "boxes": scenes.boxes, "labels": scenes.labels}

    def augment(self, key: jax.Array, batch: dict[str, jax.Array]) -> dict[str, jax.Array]:
        """Mirror half of the scenes left to right, boxes with them."""
        mirror = jax.random.bernoulli(key, 0.5, (len(batch["images"]), 1, 1))
        ymin, xmin, ymax, xmax = jnp.moveaxis(batch["boxes"], -1, 0)
        boxes = jnp.stack([ymin, 1 - xmax, ymax, 1 - xmin], axis=-1)
        return {
            "images": jnp.where(mirror[..., None], batch["images"][:, :, ::-1], batch["images"]),
            "boxes": jnp.where(mirror, boxes, batch["boxes"]),
            "labels": batch["labels"],
        }

    def loss(self, output: jax.Array, batch: dict[str, jax.Array]) -> jax.Array:
        """Scalar training loss of the network's output [N, h, w, channels]."""
        targets = make_targets(batch["boxes"], batch["labels"], output.shape[1:3], self.classes)
        return detection_loss(read_output(output), targets)

    def predict(self, output: jax.Array) -> Detections:
        """Detections from the network's output."""
        return detect(read_output(output))

    def quality(self, scenes: Scenes, predictions: Detections) -> dict[str, float]:
        """{"map", "map50"} in 0..1 of predictions for all scenes, in their order."""
        return coco_map(scenes.boxes, scenes.labels, predictions, self.classes, self.side_pixels)
