"""What people bring class by class: mixed when it is prepared, whatever its kind, and still known by its place."""

import io

import numpy as np
import pytest
import tensorflow_datasets as tfds

from tasks.data.settings import SPLITS
from tasks.data.user import builders
from tasks.data.user.dataset import user_dataset
from tests.tasks.data.user.generated import SHAPES, drawn, write_coco, write_folder
from tests.tasks.data.user.preparing import prepared
from tests.tasks.data.user.test_module import MINE


class ByClass(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """A shape after the other, in this order on disk."""

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = [tfds.core.BuilderConfig(name=name) for name in ("labels", "masks")]  # noqa: RUF012

    def _info(self):
        features = {"image": tfds.features.Image(shape=(None, None, 3))}
        if self.builder_config.name == "masks":
            features["segmentation_mask"] = tfds.features.Image(shape=(None, None, 1))
        else:
            features["label"] = tfds.features.ClassLabel(names=SHAPES)
        features = tfds.features.FeaturesDict(features)
        return tfds.core.DatasetInfo(builder=self, features=features, disable_shuffling=True)

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(0, 90), "test": self._generate_examples(100, 30)}

    def _generate_examples(self, first, count):
        for number in range(count):
            label = number * 3 // count
            image, mask, _ = drawn(first + number, (SHAPES[label],), (48, 40))
            masked = self.builder_config.name == "masks"
            known = {"segmentation_mask": as_png(mask)} if masked else {"label": label}
            yield number, {"image": as_png(image), **known}


def as_png(image):
    file = io.BytesIO()
    image.save(file, format="PNG")
    file.seek(0)
    return file


def prepare_builder(folder, config, monkeypatch):
    tfds.disable_progress_bar()
    ByClass(data_dir=str(folder / "tfds"), config=config, file_format="array_record").download_and_prepare()
    monkeypatch.setenv("TFDS_DATA_DIR", str(folder / "tfds"))
    return f"tfds:by_class/{config}?side=16"


@pytest.fixture(params=["folder", "py", "tfds"])
def by_class(request, tmp_path, monkeypatch):
    """The name of a data set that is given class by class."""
    if request.param == "folder":
        return f"folder:{write_folder(tmp_path / 'shapes', 120)}?side=16"
    if request.param == "tfds":
        return prepare_builder(tmp_path, "labels", monkeypatch)
    many = MINE.replace('{"train": 24, "validation": 8, "test": 8}', '{"train": 90, "validation": 30, "test": 30}')
    (tmp_path / "mine.py").write_text(many.replace("np.arange(n) % 2", "np.arange(n) * 2 // n"))
    return f"{tmp_path}/mine.py"


def test_the_beginning_of_a_split_has_all_classes_though_they_are_given_one_after_the_other(by_class, tmp_path):
    classes = set(range(len(user_dataset(by_class).class_names)))
    for split, found in prepared(by_class, tmp_path).items():
        assert set(found.labels[:10].tolist()) == set(found.labels[-10:].tolist()) == classes, split


def test_an_id_says_at_which_place_of_its_split_an_image_was_given(by_class, tmp_path):
    source = user_dataset(by_class).source
    for number, (split, found) in enumerate(prepared(by_class, tmp_path).items()):
        places = (found.ids - number * 10**9).tolist()
        assert sorted(places) == list(range(source.count(split)))
        for row, place in enumerate(places):
            given = source.read(split, place)
            np.testing.assert_array_equal(found.images[row], given.image)
            assert found.labels[row] == given.label


def test_boxes_and_masks_stay_with_their_images(tmp_path):
    name = f"coco:{write_coco(tmp_path / 'c', 40, masks=True)}?side=32"
    source, found = user_dataset(name).source, prepared(name, tmp_path)["train"]
    assert (found.ids != np.sort(found.ids)).any()
    for row, place in enumerate(found.ids.tolist()):
        given = source.read("train", place)
        np.testing.assert_array_equal(found.images[row], given.image)
        np.testing.assert_array_equal(found.boxes[row], np.asarray(given.boxes, np.float32))
        np.testing.assert_array_equal(found.labels[row], given.labels)
        np.testing.assert_array_equal(found.instances[row], given.instances)


def test_an_image_of_a_builder_is_named_by_its_row_there(tmp_path, monkeypatch):
    source = user_dataset(prepare_builder(tmp_path, "labels", monkeypatch)).source
    names = {split: [source.name(split, place) for place in range(source.count(split))] for split in SPLITS}
    assert sorted(names["train"] + names["validation"]) == sorted(f"train {row}" for row in range(90))
    assert names["test"] == [f"test {row}" for row in range(30)]
    for place, name in enumerate(names["validation"]):
        assert source.read("validation", place).label == int(name.removeprefix("train ")) * 3 // 90


def test_the_values_of_masks_are_found_where_a_builder_has_them_late(tmp_path, monkeypatch):
    monkeypatch.setattr(builders, "ENOUGH", 12)
    assert user_dataset(prepare_builder(tmp_path, "masks", monkeypatch)).class_names == ("1", "2", "3")
