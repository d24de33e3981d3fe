"""Data sets of tensorflow-datasets' catalogue, as the same arrays as ours: images resized to 96 x 96 when loaded.

Nothing is downloaded unless that is asked for. Reading needs no TensorFlow; the catalogue's own preparation does, of
pets to decode images, of VOC to open files.

Oxford-IIIT Pet (Parkhi, Vedaldi, Zisserman and Jawahar, 2012) is one set of images seen in four ways; its official
test split has no boxes, so 70 : 15 : 15 % of the official train split serve for training, validation and test in all
of them. VOC 2007 (Everingham et al., 2010) keeps its official splits, without the objects marked as difficult.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from tasks.data.labelled import LabelledImages
from tasks.data.scenes import Scenes
from tasks.data.settings import SIDE, SPLITS
from tasks.data.store import Progress, allowed, first_line, is_machines, records
from tasks.data.views import MOST_VOC_OBJECTS, View, heads, labelled_by, trimaps, voc_objects
from tasks.errors import TaskInputError

_IDS_PER_SPLIT = 1_000_000


@dataclass(frozen=True)
class CatalogueDataset:
    """A tasks.data.datasets.Dataset that tensorflow-datasets prepares.

    name: as the catalogue writes it, with a config after a slash. release: the version. megabytes: of the download.
    shares: for each split, which official split it is taken from, and from which per cent of it to which. views: what
    each config makes of a number of records and the records. most_objects: of one image, at most.
    """

    name: str
    release: str
    megabytes: int
    shares: Mapping[str, tuple[str, int, int]]
    views: Mapping[str, View]
    class_names: tuple[str, ...]
    side_pixels: int = SIDE
    channels: int = 3
    most_objects: int = 1

    @property
    def configs(self) -> tuple[str, ...]:
        """The ways of seeing the images."""
        return tuple(self.views)

    def prepare(
        self, home: Path, config: str, progress: Progress | None = None, download: bool = False, workers: int = 1
    ) -> Path:
        """Find the prepared folder, or download and prepare if ``download`` allows it; progress is not reported."""
        del progress, workers
        self._allow(config)
        if download and self._found(home) is None:
            self._download(home)
        return self._folder(home)

    def load(self, home: Path, config: str, split: str) -> Scenes | LabelledImages:
        """Load a split, every image decoded and resized (about 10 ms each)."""
        self._allow(config)
        allowed(f"{self.name} has no split", split, SPLITS)
        folder = self._folder(home)
        official, low, high = self.shares[split]
        import tensorflow_datasets as tfds

        try:
            builder: Any = tfds.builder_from_directory(folder)
            source = builder.as_data_source(split=official)
            rows = range(len(source) * low // 100, len(source) * high // 100)
            return self.read(source, config, rows, first_id=SPLITS.index(split) * _IDS_PER_SPLIT)
        except Exception as error:  # damaged bytes make the readers raise nearly anything
            if is_machines(error):
                raise
            raise TaskInputError(
                f"{folder} cannot be read ({first_line(error)}): delete it and prepare it again, as array_record"
            ) from error

    def read(self, source: Any, config: str, rows: range, first_id: int = 0) -> Scenes | LabelledImages:
        """Make arrays of some rows of a data source; row r gets the id ``first_id + r``."""
        arrays = self.views[config](len(rows), records(source, rows))
        arrays.ids[:] = first_id + np.arange(rows.start, rows.stop)
        return arrays

    def version(self, config: str) -> str:
        """Name, release, config, size of the images and most objects; the content itself is not pinned."""
        self._allow(config)
        several = [f"{self.most_objects}_objects"] if self.most_objects > 1 else []
        return "-".join([self.name.replace("/", "_"), self.release, config, str(self.side_pixels), *several])

    def _allow(self, config: str) -> None:
        allowed(f"{self.name} has no config", config, self.configs)

    def _candidates(self, home: Path) -> list[Path]:
        usual = Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()
        return [folder / self.name / self.release for folder in (home / "data", usual)]

    def _found(self, home: Path) -> Path | None:
        return next((folder for folder in self._candidates(home) if (folder / "dataset_info.json").is_file()), None)

    def _folder(self, home: Path) -> Path:
        if found := self._found(home):
            return found
        raise TaskInputError(
            f"{self.name} {self.release} is not prepared in {' or '.join(map(str, self._candidates(home)))}: prepare "
            f"it with --download, which fetches {self.megabytes} MB and needs TensorFlow to be installed, or put it "
            "there as array_record"
        )

    def _download(self, home: Path) -> None:
        # the catalogue's builders decode images and open files with it, which they would reach after the download
        if find_spec("tensorflow") is None:
            raise TaskInputError(
                f"preparing {self.name} needs TensorFlow in the environment used for preparing, and it is not "
                "installed: pip install tensorflow; reading what was prepared does not need it"
            )
        import tensorflow_datasets as tfds

        try:
            name = f"{self.name}:{self.release}"
            tfds.builder(name, data_dir=str(home / "data"), file_format="array_record").download_and_prepare()
        except Exception as error:  # from the network, the archives or TensorFlow
            raise TaskInputError(
                f"{self.name} {self.release} could not be downloaded and prepared ({type(error).__name__}: "
                f"{first_line(error)}); it needs the network"
            ) from error


SPECIES = ("Cat", "Dog")
BREEDS = (
    "Abyssinian",
    "american_bulldog",
    "american_pit_bull_terrier",
    "basset_hound",
    "beagle",
    "Bengal",
    "Birman",
    "Bombay",
    "boxer",
    "British_Shorthair",
    "chihuahua",
    "Egyptian_Mau",
    "english_cocker_spaniel",
    "english_setter",
    "german_shorthaired",
    "great_pyrenees",
    "havanese",
    "japanese_chin",
    "keeshond",
    "leonberger",
    "Maine_Coon",
    "miniature_pinscher",
    "newfoundland",
    "Persian",
    "pomeranian",
    "pug",
    "Ragdoll",
    "Russian_Blue",
    "saint_bernard",
    "samoyed",
    "scottish_terrier",
    "shiba_inu",
    "Siamese",
    "Sphynx",
    "staffordshire_bull_terrier",
    "wheaten_terrier",
    "yorkshire_terrier",
)
VOC_CLASSES = (
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)

_PET_SHARES = {"train": ("train", 0, 70), "validation": ("train", 70, 85), "test": ("train", 85, 100)}

PET = CatalogueDataset(
    name="oxford_iiit_pet",
    release="4.0.0",
    megabytes=811,
    shares=_PET_SHARES,
    views={"species": labelled_by("species"), "heads": heads, "trimaps": trimaps},
    class_names=SPECIES,
)
PET_BREEDS = CatalogueDataset(
    name=PET.name,
    release=PET.release,
    megabytes=PET.megabytes,
    shares=_PET_SHARES,
    views={"breeds": labelled_by("label")},
    class_names=BREEDS,
)
VOC_2007 = CatalogueDataset(
    name="voc/2007",
    release="5.0.0",
    megabytes=911,
    shares={split: (split, 0, 100) for split in SPLITS},
    views={"objects": voc_objects},
    class_names=VOC_CLASSES,
    most_objects=MOST_VOC_OBJECTS,
)
