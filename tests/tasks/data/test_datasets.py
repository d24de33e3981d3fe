"""What every data set offers behind the one interface."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.commands.prepare import prepare
from benchmarks.runtime.prepare import prepare_with_progress
from tasks.data.card import data_card
from tasks.data.checksums import PINNED
from tasks.data.contact_sheet import write_contact_sheet
from tasks.data.datasets import DATASETS, Dataset, get_dataset
from tasks.data.labelled import LabelledImages
from tasks.data.own_datasets import OWN_DATASETS
from tasks.data.scenes import IGNORED, Scenes, empty_scenes
from tasks.data.settings import SPLITS
from tasks.errors import TaskInputError
from tasks.registry import TASKS, make_task

OFFLINE = (
    "fashion_items",
    "fashion_objects",
    "fashion_scenes",
)  # what needs no other package; photo_objects: see test_stamps


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    for name in OFFLINE:
        prepare("tiny", dataset=name, home=home)
    return home


@pytest.mark.parametrize("name", OFFLINE)
def test_what_is_loaded_is_what_the_data_set_says_of_itself(name: str, home: Path) -> None:
    dataset: Dataset = DATASETS[name]
    for split in SPLITS:
        examples = dataset.load(home, "tiny", split)
        assert isinstance(examples, Scenes if name == "fashion_scenes" else LabelledImages)
        side = dataset.side_pixels
        assert examples.images.shape == (len(examples), side, side, dataset.channels)
        assert set(np.unique(examples.labels)) - {-1} <= set(range(len(dataset.class_names)))
        assert len(set(examples.ids)) == len(examples)


@pytest.mark.parametrize("name", DATASETS)
def test_every_config_has_a_version_of_its_own_content(name: str) -> None:
    dataset = DATASETS[name]
    versions = {config: dataset.version(config) for config in dataset.configs}
    if name == "fashion_items":  # quick and full are both everything
        assert versions.pop("full") == versions["quick"]
    assert len(set(versions.values())) == len(versions) > 0
    assert all(version.startswith((f"{name}-", "oxford_iiit_pet-")) for version in versions.values())


@pytest.mark.parametrize("name", OWN_DATASETS)
def test_every_config_of_our_own_is_pinned_and_its_version_names_the_content(name: str) -> None:
    store = OWN_DATASETS[name]
    assert set(store.pinned) == set(PINNED[name]) == set(store.configs)
    for config in store.configs:
        assert all(len(store.pinned[config][split]) == 64 for split in SPLITS)
        digits = [store.pinned[config][split][:12] for split in ("train", "validation", "test")]
        assert store.version(config) == "-".join([name, *digits])


@pytest.mark.parametrize("name", DATASETS)
def test_unknown_configs_are_answered_with_those_allowed(name: str, tmp_path: Path) -> None:
    dataset = DATASETS[name]
    for attempt in (
        lambda: dataset.version("huge"),
        lambda: dataset.prepare(tmp_path, "huge", download=True),
        lambda: dataset.load(tmp_path, "huge", "train"),
    ):
        with pytest.raises(TaskInputError, match=f"'huge'; allowed: {dataset.configs[0]}"):
            attempt()


def test_unknown_data_sets_are_answered_with_those_allowed(tmp_path: Path) -> None:
    with pytest.raises(
        TaskInputError, match=r"'cifar'; allowed: fashion_items, fashion_objects, fashion_scenes, photo"
    ):
        get_dataset("cifar")
    with pytest.raises(TaskInputError, match=r"'cifar'; allowed: fashion_items"):
        prepare_with_progress(tmp_path, "tiny", "cifar")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", DATASETS)
def test_a_task_is_made_on_the_data_sets_that_hold_what_it_trains_on_and_on_no_other(task: str, name: str) -> None:
    allowed = dict.fromkeys(("fashion_scenes", "photo_objects"), "detection, segmentation")
    allowed |= {"oxford_iiit_pet": "classification, detection, segmentation", "voc_2007": "detection"}
    holds = allowed.get(name, "classification")
    if task in holds.split(", "):
        assert make_task(task, name).dataset == name
    else:
        with pytest.raises(TaskInputError, match=f"^{task} on {name}; allowed: {holds}$"):
            make_task(task, name)


def test_the_command_says_where_the_data_are(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepare_with_progress(home, "tiny")
    assert capsys.readouterr().out == f"fashion_scenes (tiny): {home}/data/fashion_scenes/tiny/2.1.0\n"


def scenes_of(instances: np.ndarray, labels: list[list[int]]) -> Scenes:
    scenes = empty_scenes(len(instances), len(labels[0]))
    scenes.instances[:] = 0
    scenes.instances[:, : instances.shape[1], : instances.shape[2]] = instances
    scenes.labels[:] = labels
    return scenes


def test_masks_name_classes_and_keep_ignored_pixels_apart() -> None:
    instances = np.array([[[0, 1, 2], [255, 3, 3]], [[0, 0, 0], [0, 0, 0]]], np.uint8)
    scenes = scenes_of(instances, [[4, 0, 9], [-1, -1, -1]])
    expected = np.array([[[0, 5, 1], [255, 10, 10]], [[0, 0, 0], [0, 0, 0]]], np.uint8)
    np.testing.assert_array_equal(scenes.masks[:, :2, :3], expected)
    assert scenes.masks.dtype == np.uint8
    assert scenes.masks[:, 2:].max() == 0


def test_masks_of_one_pixel_and_of_no_scene_at_all() -> None:
    scenes = scenes_of(np.array([[[1]]], np.uint8), [[7]])
    assert scenes.masks[0, 0, 0] == 8
    assert int((scenes.masks > 0).sum()) == 1
    none = scenes.take(slice(0, 0))
    assert (len(none), none.masks.shape) == (0, (0, 96, 96))


def test_as_many_objects_as_a_mask_can_hold_are_told_from_ignored_pixels() -> None:
    scenes = scenes_of(np.array([[[32, IGNORED]]], np.uint8), [list(range(32))])
    assert list(scenes.masks[0, 0, :2]) == [32, IGNORED]


def test_a_contact_sheet_names_classes_as_told_and_repeats_its_colours_after_four_objects(tmp_path: Path) -> None:
    scenes = scenes_of(np.zeros((1, 1, 1), np.uint8), [[0, 1, 0, 1, 0]])
    scenes.images[:] = 128
    scenes.instances[0, 60:70, 60:70] = IGNORED
    for k in range(5):
        scenes.boxes[0, k] = np.array([40, 19 * k, 50, 19 * k + 10]) / np.float32(96)
        scenes.instances[0, 40:50, 19 * k : 19 * k + 10] = 1 + k
    write_contact_sheet(scenes, tmp_path / "sheet.png", ("a", "b"), n=1)
    with Image.open(tmp_path / "sheet.png") as sheet:
        pixels = np.asarray(sheet)[6:, 6:]
    corners = [tuple(pixels[3 * 50 - 1, 3 * (19 * k + 10) - 1]) for k in range(5)]
    assert len(set(corners[:4])) == 4
    assert corners[4] == corners[0]
    assert (pixels[3 * 60 : 3 * 70, 3 * 60 : 3 * 70] == 128).all()  # ignored pixels are no object to outline


def test_the_card_in_the_documents_is_the_one_that_the_code_gives() -> None:
    text = (Path(__file__).parents[3] / "docs/reference/data.md").read_text()
    assert text.split("<!-- card -->\n")[1].split("\n<!-- end -->")[0] == data_card()
    assert "| `test` | 11 | gravel, retina, " in data_card()
