"""PhotoObjects: cut-outs of photographs over photographs; the tensorflow-datasets builder.

The second data set of scenes, to which results on FashionScenes are transferred: the same kinds of arrays, but objects
of natural colours and shapes. Stamps are divided into splits before composing (tasks.data.stamps), photographs too.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from tasks.data.compose import CutOutPool
from tasks.data.composed import generate, scene_features, scene_record
from tasks.data.own_builder import OwnBuilder, OwnConfig
from tasks.data.settings import PHOTO_CONFIGS
from tasks.data.stamps import CLASSES, divide, find_stamps, read_stamps


class PhotoObjects(OwnBuilder):
    """Photographed animals, food, plants and things over photographs: pictures of 96 x 96."""

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = tuple(OwnConfig(name=name, counts=counts) for name, counts in PHOTO_CONFIGS.items())

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description="Cut-outs of photographs over crops of other photographs, with boxes and masks.",
            features=scene_features(CLASSES),
            homepage="https://tuxpaint.org/stamps/",
            disable_shuffling=True,
        )

    def _source(self, downloads: Path) -> dict[str, CutOutPool]:
        del downloads  # Debian's package is the only source
        return divide(read_stamps(find_stamps()))

    def _generate_examples(self, split: str, source: dict[str, CutOutPool]) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, scene in enumerate(generate(split, source[split], self.counts)):
            yield index, scene_record(index, scene)
            self.report(split, index)
