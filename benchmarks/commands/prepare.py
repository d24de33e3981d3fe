"""`accelnas prepare`: make a data set ready, once."""

from __future__ import annotations

from pathlib import Path

from benchmarks.home import DEFAULT_HOME, check_folders

USUAL_CONFIG = "quick"


def prepare(
    data: str | None = None, dataset: str = "fashion_scenes", download: bool = False, home: Path = DEFAULT_HOME
) -> None:
    """Make a data set ready to be loaded, unless that was done before.

    Args:
        data: Configuration, of most data sets: tiny, smoke, quick or full; when left out quick, or else the data set's
            first.
        dataset: Which data set: fashion_items, fashion_objects, fashion_scenes, photo_objects, oxford_iiit_pet,
            oxford_iiit_pet_breeds or voc_2007; or yours, such as folder:PATH (docs/data.md).
        download: Allow hundreds of megabytes to be fetched from the network.
        home: Directory that data, trials and measurements are kept in.
    """
    check_folders(home)
    # TFDS and Pillow take a second to load, which `accelnas --help` need not pay
    from benchmarks.runtime.prepare import prepare_with_progress
    from tasks.data.datasets import get_dataset

    if data is None:
        configs = get_dataset(dataset).configs
        data = USUAL_CONFIG if USUAL_CONFIG in configs else configs[0]
    prepare_with_progress(home, data, dataset, download)
