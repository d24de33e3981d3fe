"""Images with objects, as plain arrays."""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from tasks.data.settings import MOST_OBJECTS, SIDE

IGNORED = 255  # in Scenes.instances and Scenes.masks: a pixel that counts neither as background nor as an object


@dataclass(frozen=True, eq=False)
class Scenes:
    """N scenes of S x S pixels, padded to M objects each."""

    images: np.ndarray
    """uint8[N, S, S, 3]."""
    boxes: np.ndarray
    """float32[N, M, 4] as ymin, xmin, ymax, xmax in 0..1, zero where there is no object."""
    labels: np.ndarray
    """int32[N, M] from 0, -1 where there is no object."""
    instances: np.ndarray
    """uint8[N, S, S], 0 for background, 1 + k where object k is seen, 255 where the data set does not say."""
    ids: np.ndarray
    """int64[N], what a scene is called within its data set or split."""
    items: np.ndarray
    """int32[N, M], the index of each object in all splits' pools; -1 for none, and in scenes not composed here."""
    photographs: np.ndarray
    """int32[N], the index into tasks.data.photographs.ALL_PHOTOGRAPHS, or -1 in scenes not composed here."""

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def masks(self) -> np.ndarray:
        """Semantic masks uint8[N, S, S]: 0 for background, 255 for ignored pixels, 1 + label elsewhere."""
        values = np.zeros((len(self), IGNORED + 1), np.uint8)
        values[:, 1 : 1 + self.labels.shape[1]] = self.labels + 1
        values[:, IGNORED] = IGNORED
        masks = np.empty_like(self.instances)
        for lookup, instances, mask in zip(values, self.instances, masks, strict=True):
            np.take(lookup, instances, out=mask)
        return masks

    def take(self, chosen: slice | np.ndarray) -> "Scenes":
        """Return some of the scenes: a slice (views, nothing copied), or an array of positions or of bools."""
        return Scenes(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


def empty_scenes(n: int, most_objects: int = MOST_OBJECTS) -> Scenes:
    """N scenes without objects, images and instances yet to be filled in."""
    return Scenes(
        images=np.empty((n, SIDE, SIDE, 3), np.uint8),
        boxes=np.zeros((n, most_objects, 4), np.float32),
        labels=np.full((n, most_objects), -1, np.int32),
        instances=np.empty((n, SIDE, SIDE), np.uint8),
        ids=np.empty(n, np.int64),
        items=np.full((n, most_objects), -1, np.int32),
        photographs=np.full(n, -1, np.int32),
    )
