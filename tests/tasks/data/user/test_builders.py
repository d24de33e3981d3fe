"""Data that TensorFlow Datasets has prepared."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds

from tasks.data.settings import SPLITS
from tasks.data.user import builders
from tasks.data.user.dataset import user_dataset
from tasks.errors import TaskInputError
from tasks.registry import make_task
from tests.tasks.data.user.generated import SHAPES, drawn
from tests.tasks.data.user.preparing import prepared, refusal


class Toy(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(None, None, 3)),
            "label": tfds.features.ClassLabel(names=SHAPES),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(0, 30), "test": self._generate_examples(100, 10)}

    def _generate_examples(self, first, count):
        for number in range(first, first + count):
            encoded = io.BytesIO()
            drawn(number, (SHAPES[number % 3],))[0].save(encoded, format="PNG")
            encoded.seek(0)
            yield number, {"image": encoded, "label": number % 3}


def test_what_tensorflow_datasets_has_prepared_is_read_without_it_being_known(tmp_path, monkeypatch):
    tfds.disable_progress_bar()
    Toy(data_dir=str(tmp_path / "tfds"), file_format="array_record").download_and_prepare()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    found = prepared("tfds:toy?side=32", tmp_path)
    assert [len(found[split]) for split in SPLITS] == [26, 4, 10]
    assert user_dataset("tfds:toy?side=32").class_names == SHAPES
    for row in range(10):  # a red circle, a blue square, a green bar
        strongest = found["test"].images[row].reshape(-1, 3).astype(int)
        reach = strongest.max(0) - np.array([160, 160, 160])
        assert int(reach.argmax()) == {0: 0, 1: 2, 2: 1}[int(found["test"].labels[row])]
    with pytest.raises(TaskInputError, match="tfds 'cifar10' is not prepared in"):
        user_dataset("tfds:cifar10")


def cut(shard):
    shard.write_bytes(shard.read_bytes()[: shard.stat().st_size // 2])


def flip(shard):
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 0xFF
    shard.write_bytes(content)


# a size each, as data sets of a name are found once in a process
@pytest.mark.parametrize(("damage", "side"), [(cut, 33), (flip, 34), (Path.unlink, 35)])
def test_a_damaged_or_missing_file_of_what_was_prepared_is_one_line(damage, side, tmp_path, monkeypatch):
    tfds.disable_progress_bar()
    Toy(data_dir=str(tmp_path / "tfds"), file_format="array_record").download_and_prepare()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    (shard,) = (tmp_path / "tfds").rglob("toy-train.array_record*")
    damage(shard)
    said = refusal(f"tfds:toy?side={side}", tmp_path)
    assert "tfds/toy/1.0.0' cannot be read (" in said
    assert "\n" not in said


class Unlabelled(Toy, skip_registration=True):
    BUILDER_CONFIGS = [tfds.core.BuilderConfig(name=name) for name in ("all", "some")]  # noqa: RUF012

    def _generate_examples(self, first, count):
        for number, record in super()._generate_examples(first, count):
            kept = first == 0 or (self.builder_config.name == "some" and number % 2)
            yield number, record if kept else record | {"label": -1}


def test_labels_that_a_builder_keeps_back_are_refused_and_a_split_without_any_is_none(tmp_path, monkeypatch):
    tfds.disable_progress_bar()
    for config in ("some", "all"):
        Unlabelled(data_dir=str(tmp_path / "tfds"), config=config, file_format="array_record").download_and_prepare()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    said = refusal("tfds:unlabelled/some?side=32", tmp_path)
    assert re.match(r"5 of 40 images cannot be used: test \d \(has label -1; allowed: 0 to 2\); ", said)
    found = prepared("tfds:unlabelled/all?side=32", tmp_path)
    assert [len(found[split]) for split in SPLITS] == [22, 4, 4]
    dataset = user_dataset("tfds:unlabelled/all?side=32")
    assert dataset.notes()[1:] == ("no label in test: test is drawn from train",)
    assert dataset.source.name("test", 0).startswith("train ")


class Scenery(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = [tfds.core.BuilderConfig(name=name) for name in ("boxes", "masks")]  # noqa: RUF012

    def _info(self):
        features = {"image": tfds.features.Image(shape=(None, None, 3))}
        if self.builder_config.name == "masks":
            features["segmentation_mask"] = tfds.features.Image(shape=(None, None, 1))
        else:
            one = {"bbox": tfds.features.BBoxFeature(), "label": tfds.features.ClassLabel(names=SHAPES)}
            features["objects"] = tfds.features.Sequence(one)
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for number in range(20):
            shapes = (SHAPES[number % 3], SHAPES[(number + 1) % 3])[: number % 3]  # none in some
            image, mask, boxes = drawn(number, shapes)
            files = [io.BytesIO(), io.BytesIO()]
            for picture, file in zip((image, mask), files, strict=True):
                picture.save(file, format="PNG")
                file.seek(0)
            boxes = [tfds.features.BBox(y / 60, x / 72, (y + h) / 60, (x + w) / 72) for x, y, w, h in boxes]
            objects = [{"bbox": box, "label": shape} for box, shape in zip(boxes, shapes, strict=True)]
            known = {"segmentation_mask": files[1]} if self.builder_config.name == "masks" else {"objects": objects}
            yield number, {"image": files[0], **known}


def test_boxes_and_masks_of_prepared_builders(tmp_path, monkeypatch):
    tfds.disable_progress_bar()
    for config in ("boxes", "masks"):
        Scenery(data_dir=str(tmp_path / "tfds"), config=config, file_format="array_record").download_and_prepare()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    with pytest.raises(TaskInputError, match=r"has configs scenery/boxes, scenery/masks; allowed: one of them"):
        user_dataset("tfds:scenery")
    boxes = prepared("tfds:scenery/boxes?side=64", tmp_path)["train"]
    assert boxes.labels.shape == (14, 2)
    assert {len(row[row >= 0]) for row in boxes.labels} == {0, 1, 2}
    assert (boxes.boxes[..., 2] > boxes.boxes[..., 0])[boxes.labels >= 0].all()
    assert make_task("detection", "tfds:scenery/boxes").classes == 3
    masks = prepared("tfds:scenery/masks?side=64", tmp_path)["train"]
    assert sorted(np.unique(masks.masks)) == [0, 1, 2, 3]
    assert user_dataset("tfds:scenery/masks?side=64").configs == ("segmentation",)


def test_what_is_kept_of_objects_is_part_of_the_digits_of_boxes_and_of_nothing_else(tmp_path, monkeypatch):
    tfds.disable_progress_bar()
    for config in ("boxes", "masks"):
        Scenery(data_dir=str(tmp_path / "tfds"), config=config, file_format="array_record").download_and_prepare()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    sources = [user_dataset(f"tfds:scenery/{config}?side=48").source for config in ("boxes", "masks")]
    before = [source.digest for source in sources]
    monkeypatch.setattr(builders, "_KEPT", b"otherwise")
    assert [source.digest == old for source, old in zip(sources, before, strict=True)] == [False, True]


class Unannotated(Scenery, skip_registration=True):
    """Of the split that its config is called after no image has an object."""

    BUILDER_CONFIGS = [tfds.core.BuilderConfig(name=name) for name in ("train", "test")]  # noqa: RUF012

    def _split_generators(self, dl_manager):
        bare = ((number, record | {"objects": []}) for number, record in self._generate_examples())
        return {split: self._generate_examples() for split in ("train", "test")} | {self.builder_config.name: bare}


def unannotated(split, folder, monkeypatch):
    tfds.disable_progress_bar()
    Unannotated(data_dir=str(folder / "tfds"), config=split, file_format="array_record").download_and_prepare()
    monkeypatch.setenv("TFDS_DATA_DIR", str(folder / "tfds"))
    return f"tfds:unannotated/{split}?side=32"


def test_training_images_without_an_object_are_refused(tmp_path, monkeypatch):
    said = refusal(unannotated("train", tmp_path, monkeypatch), tmp_path)
    assert "no object in train; allowed: one and more" in said


def test_a_split_held_out_without_an_object_is_drawn_from_train_and_no_image_is_decoded_to_know(tmp_path, monkeypatch):
    name = unannotated("test", tmp_path, monkeypatch)
    monkeypatch.setattr(builders, "ENOUGH", 10)
    with monkeypatch.context() as patch:
        patch.setattr(tfds.features.Image, "decode_example_np", lambda *_: pytest.fail("decoded"))
        assert user_dataset(name).notes()[1].startswith("no label in test, of which 10 were looked at: test is drawn")
    found = prepared(name, tmp_path)
    assert [len(found[split]) for split in SPLITS] == [14, 3, 3]
    assert all((scenes.labels >= 0).any() for scenes in found.values())


class Crowded(Scenery, skip_registration=True):
    """Of each image the first object is a crowd, and of one for tests there are more than of any other."""

    BUILDER_CONFIGS = [tfds.core.BuilderConfig(name=name) for name in ("is_crowd", "is_difficult")]  # noqa: RUF012

    def _info(self):
        features = dict(super()._info().features)
        one = dict(features["objects"].feature) | {self.builder_config.name: np.bool_}
        features["objects"] = tfds.features.Sequence(one)
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._marked(2), "test": self._marked(70)}

    def _marked(self, most):
        for number, record in self._generate_examples():
            boxes = [tfds.features.BBox(0.0, 0.0, 1.0, (1 + k) / 100) for k in range(most if number == 7 else 1)]
            marked = [{"bbox": box, "label": SHAPES[0], self.builder_config.name: False} for box in boxes]
            crowd = {"bbox": tfds.features.BBox(0.0, 0.0, 1.0, 1.0), "label": SHAPES[1], self.builder_config.name: True}
            yield number, record | {"objects": [crowd, *marked]}


@pytest.mark.parametrize("flag", ["is_crowd", "is_difficult"])
def test_marked_objects_are_none_and_the_fullest_image_of_any_split_keeps_its_largest(flag, tmp_path, monkeypatch):
    tfds.disable_progress_bar()
    Crowded(data_dir=str(tmp_path / "tfds"), config=flag, file_format="array_record").download_and_prepare()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    monkeypatch.setattr(builders, "ENOUGH", 10)
    found, notes = (
        prepared(f"tfds:crowded/{flag}?side=16", tmp_path),
        user_dataset(f"tfds:crowded/{flag}?side=16").notes(),
    )
    assert notes[1:] == (
        f"left out where there are any: objects of no area, those with {flag} (what is found there counts as wrong), "
        "those beyond the largest 64 of an image",
    )
    for scenes in found.values():
        assert set(scenes.labels.ravel().tolist()) == {-1, 0}
    full = found["test"].boxes[(found["test"].labels >= 0).sum(1) == 64]
    np.testing.assert_allclose(full[0, :, 3], np.arange(70, 6, -1) / 100, rtol=1e-6)
    assert sorted((found["test"].labels >= 0).sum(1)) == [*[1] * 19, 64]


def test_arrays_of_few_images_are_as_wide_as_the_fullest_of_all(tmp_path, monkeypatch):
    class Few(Crowded, skip_registration=True):
        def _split_generators(self, dl_manager):
            return {"train": self._marked(2), "test": self._marked(5)}

    tfds.disable_progress_bar()
    Few(data_dir=str(tmp_path / "tfds"), config="is_crowd", file_format="array_record").download_and_prepare()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    found = prepared("tfds:few/is_crowd?side=16", tmp_path)
    assert {scenes.labels.shape[1] for scenes in found.values()} == {5}
    assert "beyond" not in user_dataset("tfds:few/is_crowd?side=16").notes()[1]


def test_a_value_of_a_mask_that_was_not_met_where_classes_are_looked_for_is_refused(tmp_path, monkeypatch):
    tfds.disable_progress_bar()
    Scenery(data_dir=str(tmp_path / "tfds"), config="masks", file_format="array_record").download_and_prepare()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    monkeypatch.setattr(builders, "ENOUGH", 1)
    said = refusal("tfds:scenery/masks?side=32", tmp_path)
    assert re.search(r"has [23] in its mask; 1 of train hold 0 to 1\)", said)
