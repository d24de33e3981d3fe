"""The catalogue's data sets: tensorflow-datasets' mock data for shapes, small written copies for the meaning."""

import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds

from hw_model.blocks import Block
from tasks.data import catalogue
from tasks.data.catalogue import PET, PET_BREEDS, VOC_2007, CatalogueDataset
from tasks.data.labelled import LabelledImages
from tasks.data.scenes import IGNORED, Scenes
from tasks.data.views import MOST_VOC_OBJECTS
from tasks.errors import TaskInputError
from tasks.fidelity import Fidelity
from tasks.registry import make_task
from tasks.training import predict, train
from tests.tasks.data.catalogue_files import PET_FEATURES, pet, voc_picture, write, write_voc


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: Any) -> None:
        pytest.fail("the network was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "usual"))


class OneByOne:
    """A mocked data source; reading many records at once, as the real ones can, fails in tensorflow-datasets 4.9."""

    def __init__(self, source: Any):
        self.source = source

    def __getitems__(self, keys: list[int]) -> list[dict[str, Any]]:
        return [self.source[key] for key in keys]


def mocked(dataset: CatalogueDataset, config: str, folder: Path) -> Scenes | LabelledImages:
    with tfds.testing.mock_data(num_examples=3):
        source = tfds.data_source(dataset.name, split="train", data_dir=str(folder))
        return dataset.read(OneByOne(source), config, range(1, 3), first_id=10)


@pytest.mark.parametrize(("dataset", "config"), [(PET, "species"), (PET_BREEDS, "breeds")])
def test_mock_pets_are_labelled_by_species_and_by_breed(dataset: CatalogueDataset, config: str, tmp_path: Path) -> None:
    pets = mocked(dataset, config, tmp_path)
    assert isinstance(pets, LabelledImages)
    assert (pets.images.shape, pets.images.dtype) == ((2, 96, 96, 3), np.uint8)
    assert pets.labels.dtype == np.int32
    assert ((pets.labels >= 0) & (pets.labels < len(dataset.class_names))).all()
    np.testing.assert_array_equal(pets.ids, [11, 12])


@pytest.mark.parametrize(
    ("dataset", "config", "most"), [(PET, "heads", 1), (PET, "trimaps", 1), (VOC_2007, "objects", MOST_VOC_OBJECTS)]
)
def test_mock_scenes_have_the_arrays_of_scenes(
    dataset: CatalogueDataset, config: str, most: int, tmp_path: Path
) -> None:
    scenes = mocked(dataset, config, tmp_path)
    assert isinstance(scenes, Scenes)
    assert (scenes.images.shape, scenes.instances.shape) == ((2, 96, 96, 3), (2, 96, 96))
    assert (scenes.boxes.shape, scenes.boxes.dtype) == ((2, most, 4), np.float32)
    assert (scenes.labels.shape, scenes.labels.dtype) == ((2, most), np.int32)
    assert scenes.labels.max() < len(dataset.class_names)
    empty = scenes.labels < 0
    assert (scenes.boxes[empty] == 0).all()
    assert (scenes.boxes[~empty][:, 2:] > scenes.boxes[~empty][:, :2]).all()
    assert (scenes.items == -1).all()
    np.testing.assert_array_equal(scenes.take(slice(1, 2)).ids, [12])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty pets of 192 x 48 pixels: the first with border, the second without any pet, the third a single pixel."""
    home = tmp_path_factory.mktemp("home")
    trimaps = np.full((20, 48, 192), 2, np.uint8)
    trimaps[0, 12:36, 40:120] = 3
    trimaps[0, 18:30, 60:100] = 1
    trimaps[2, 24, 96:98] = 1  # 48 rows become 96 and 192 columns become 96: two pixels above each other
    trimaps[3:, :24] = 1
    pets = [
        pet(i, trimap, (0.0, 0.0, 0.0, 0.0) if i == 1 else (0.1, 0.2, 0.5, 0.6)) for i, trimap in enumerate(trimaps)
    ]
    write(home, "oxford_iiit_pet", "4.0.0", {name: make() for name, make in PET_FEATURES.items()}, {"train": pets})
    return home


def test_pets_are_divided_seventy_fifteen_fifteen_in_every_view(home: Path) -> None:
    for dataset, config in ((PET, "species"), (PET, "heads"), (PET, "trimaps"), (PET_BREEDS, "breeds")):
        splits = [dataset.load(home, config, split) for split in ("train", "validation", "test")]
        assert [len(split) for split in splits] == [14, 3, 3]
        shown = [split.images[:, 48, 48, 0] for split in splits]
        np.testing.assert_allclose(np.concatenate(shown), np.arange(20) * 10.0, atol=2)  # JPEG
        ids = np.concatenate([split.ids for split in splits])
        assert len(set(ids)) == 20


def test_pets_keep_their_labels(home: Path) -> None:
    np.testing.assert_array_equal(PET.load(home, "species", "validation").labels, [0, 1, 0])
    np.testing.assert_array_equal(PET_BREEDS.load(home, "breeds", "validation").labels, [14, 15, 16])


def test_a_pet_without_a_head_box_has_no_object(home: Path) -> None:
    scenes = PET.load(home, "heads", "train")
    assert isinstance(scenes, Scenes)
    np.testing.assert_array_equal(scenes.labels[:3, 0], [0, -1, 0])
    np.testing.assert_array_equal(scenes.boxes[:2, 0], np.array([[0.1, 0.2, 0.5, 0.6], [0, 0, 0, 0]], np.float32))
    assert (scenes.masks == IGNORED).all()


def test_trimaps_become_masks_with_the_border_ignored_and_boxes_around_the_pet(home: Path) -> None:
    scenes = PET.load(home, "trimaps", "train")
    assert isinstance(scenes, Scenes)
    expected = np.zeros((96, 96), np.uint8)
    expected[24:72, 20:60] = 255
    expected[36:60, 30:50] = 1  # 1 + label 0
    np.testing.assert_array_equal(scenes.masks[0], expected)
    np.testing.assert_array_equal(scenes.boxes[0, 0], np.array([36, 30, 60, 50], np.float32) / np.float32(96))
    assert set(np.unique(scenes.masks[3])) == {0, 2}  # species 1


def test_a_picture_without_a_pet_has_no_object_and_is_all_background(home: Path) -> None:
    scenes = PET.load(home, "trimaps", "train")
    assert isinstance(scenes, Scenes)
    assert scenes.labels[1, 0] == -1
    assert (scenes.boxes[1] == 0).all()
    assert (scenes.masks[1] == 0).all()


def test_a_pet_of_one_pixel_column_has_a_box_one_pixel_wide(home: Path) -> None:
    scenes = PET.load(home, "trimaps", "train")
    assert isinstance(scenes, Scenes)
    np.testing.assert_array_equal(np.argwhere(scenes.masks[2]), [[48, 48], [49, 48]])
    np.testing.assert_array_equal(scenes.boxes[2, 0], np.array([48, 48, 50, 49], np.float32) / np.float32(96))


def test_of_many_voc_objects_the_largest_that_are_not_difficult_are_kept(tmp_path: Path) -> None:
    write_voc(tmp_path, {"validation": [voc_picture(40, difficult=39), voc_picture(0, difficult=0)]})
    scenes = VOC_2007.load(tmp_path, "objects", "validation")
    assert isinstance(scenes, Scenes)
    np.testing.assert_allclose(scenes.boxes[0, :, 3], np.arange(39, 7, -1) / 100)
    np.testing.assert_array_equal(scenes.labels[0], np.arange(38, 6, -1) % 20)
    assert (scenes.labels[1] == -1).all()


@pytest.mark.parametrize(("dataset", "config"), [(PET, "heads"), (PET_BREEDS, "breeds"), (VOC_2007, "objects")])
def test_what_was_not_prepared_is_said_in_one_line_without_trying_the_network(
    dataset: CatalogueDataset, config: str, tmp_path: Path
) -> None:
    for attempt in (
        lambda: dataset.prepare(tmp_path, config),
        lambda: dataset.load(tmp_path, config, "train"),
    ):
        with pytest.raises(TaskInputError, match=r"is not prepared in .* --download, which fetches \d+ MB") as raised:
            attempt()
        assert "\n" not in str(raised.value)


def test_what_the_user_prepared_is_found(home: Path) -> None:
    assert PET.prepare(home, "heads") == home / "data" / "oxford_iiit_pet" / "4.0.0"


def test_what_is_in_the_usual_folder_is_found(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(home / "data"))
    assert len(PET.load(tmp_path, "heads", "test")) == 3


@pytest.mark.parametrize("damage", ["cut", "other", "description"])
def test_damaged_files_are_one_clear_error(home: Path, tmp_path: Path, damage: str) -> None:
    copied = tmp_path / "data" / "oxford_iiit_pet" / "4.0.0"
    copied.mkdir(parents=True)
    for file in (home / "data" / "oxford_iiit_pet" / "4.0.0").iterdir():
        (copied / file.name).write_bytes(file.read_bytes())
    file = next(copied.glob("*array_record*"))
    if damage == "cut":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    elif damage == "other":
        file.write_bytes(bytes(1000))
    else:
        (copied / "dataset_info.json").write_text("{")
    with pytest.raises(TaskInputError, match=rf"{re.escape(str(copied))} cannot be read .*: delete it") as raised:
        PET.load(tmp_path, "heads", "train")
    assert "\n" not in str(raised.value)


def test_want_of_memory_is_not_said_to_be_damage(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> None:
        raise MemoryError("Unable to allocate 7 GiB")

    monkeypatch.setattr(tfds, "builder_from_directory", fail)
    with pytest.raises(MemoryError, match="7 GiB"):
        PET.load(home, "heads", "train")


@pytest.mark.parametrize(
    ("config", "split", "message"), [("full", "train", "allowed: species"), ("heads", "dev", "allowed: train")]
)
def test_unknown_names_are_answered_with_those_allowed(home: Path, config: str, split: str, message: str) -> None:
    with pytest.raises(TaskInputError, match=message):
        PET.load(home, config, split)


def test_a_download_that_fails_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Offline:
        def download_and_prepare(self) -> None:
            raise ConnectionError("no route to host\nand more")

    monkeypatch.setattr(catalogue, "find_spec", lambda name: name)
    monkeypatch.setattr(tfds, "builder", lambda *_, **__: Offline())
    with pytest.raises(
        TaskInputError, match=r"could not be downloaded .*ConnectionError: no route to host\);"
    ) as raised:
        PET.prepare(tmp_path, "heads", download=True)
    assert "\n" not in str(raised.value)


def test_reading_loads_neither_tensorflow_nor_torch(home: Path) -> None:
    reading = (
        "import sys; from pathlib import Path; from tasks.data.datasets import DATASETS\n"
        "assert 'tensorflow_datasets' not in sys.modules\n"
        "assert len(DATASETS['oxford_iiit_pet'].load(Path(sys.argv[1]), 'trimaps', 'test')) == 3\n"
        "print([name for name in ('tensorflow', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", reading, home], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        ("classification", PET),
        ("detection", PET),
        ("segmentation", PET),
        ("detection", VOC_2007),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_every_task_trains_on_what_the_user_prepared(
    home: Path, tmp_path: Path, name: str, dataset: CatalogueDataset
) -> None:
    if dataset is VOC_2007:
        home = tmp_path
        write_voc(home, {split: [voc_picture(n, difficult=9) for n in range(14)] for split in ("train", "validation")})
    task = make_task(name, "voc_2007" if dataset is VOC_2007 else "oxford_iiit_pet")
    head = (Block("conv", 4, 4, 8, task.output_channels, kernel=1, activation=False),)
    if name == "classification":
        head = (
            Block("global_pool", 4, 4, 8, 8),
            Block("conv", 1, 1, 8, task.output_channels, kernel=1, activation=False),
        )
    blocks = (Block("conv", 8, 8, 3, 8, stride=2), *head)
    examples, evaluated = (task.load(home, "quick", split) for split in ("train", "validation"))
    fidelity = Fidelity("quick", 14, 8, "validation", 3, batch_size=4)
    state = train(blocks, task, task.arrays(examples), fidelity, jax.random.key(0))
    quality = task.quality(evaluated, predict(blocks, task, state, evaluated.images))
    assert 0 <= quality[task.metric] <= 1
    assert task.data_version("quick") == dataset.version(task.config("quick"))


@pytest.mark.parametrize(
    ("name", "dataset", "message"),
    [
        ("detection", "oxford_iiit_pet_breeds", "detection on oxford_iiit_pet_breeds; allowed: classification"),
        ("classification", "voc_2007", "classification on voc_2007; allowed: detection"),
    ],
)
def test_a_data_set_that_is_not_there_for_a_task_is_said_with_those_that_it_is_there_for(
    name: str, dataset: str, message: str
) -> None:
    with pytest.raises(TaskInputError, match=f"^{message}$"):
        make_task(name, dataset)


def test_detection_reads_voc_as_objects() -> None:
    assert make_task("detection", "voc_2007").config("full") == "objects"
