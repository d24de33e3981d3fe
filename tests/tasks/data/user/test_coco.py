"""Images with COCO's annotations."""

import json

import numpy as np
import pytest
from PIL import Image

from tasks.data.scenes import IGNORED
from tasks.data.settings import SPLITS
from tasks.data.user.dataset import user_dataset
from tasks.errors import TaskInputError
from tasks.registry import make_task
from tests.tasks.data.user.generated import SHAPES, write_coco
from tests.tasks.data.user.preparing import prepared, refusal


def test_coco_boxes_and_masks_lie_where_the_shapes_are_drawn(tmp_path):
    file = write_coco(tmp_path / "c", 20, masks=True)
    found = prepared(f"coco:{file}?side=48x64", tmp_path)
    assert [len(found[split]) for split in SPLITS] == [14, 3, 3]
    assert user_dataset(f"coco:{file}?side=48x64").class_names == SHAPES
    scenes = found["train"]
    for row in range(len(scenes)):
        expected = np.zeros((48, 64), np.uint8)
        for k in range(2):
            ymin, xmin, ymax, xmax = (scenes.boxes[row, k] * [48, 64, 48, 64]).round().astype(int)
            middle = (ymin + ymax) // 2, (xmin + xmax) // 2
            expected[ymin:ymax, xmin:xmax] = 1 + k  # the smaller lies over the larger
            if scenes.instances[row][middle] == 1 + k and SHAPES[scenes.labels[row, k]] == "circle":
                assert scenes.images[row][middle].argmax() == 0
        np.testing.assert_array_equal(scenes.instances[row], expected)
    areas = np.prod(scenes.boxes[..., 2:] - scenes.boxes[..., :2], axis=-1)
    assert (areas[:, 0] >= areas[:, 1]).all()
    assert make_task("detection", f"coco:{file}").classes == 3
    assert make_task("segmentation", f"coco:{file}", 1).classes == 1


def test_runs_of_all_forms_are_the_pixels_that_polygons_are(tmp_path):
    from pycocotools import mask as rle

    from tasks.data.user.coco import _is_shape, _pixels

    generator = np.random.default_rng(0)
    for _ in range(20):
        pixels = generator.random((60, 72)) < generator.random()
        encoded = rle.encode(np.asfortranarray(pixels.astype(np.uint8)))
        text = {"counts": encoded["counts"].decode(), "size": [60, 72]}
        flat = pixels.T.ravel().astype(int)
        changes = np.flatnonzero(np.diff(flat, prepend=0, append=2))
        runs = {"counts": np.diff(changes, prepend=0).tolist(), "size": [60, 72]}
        for shape in (text, runs):
            assert _is_shape(shape, 60, 72)
            np.testing.assert_array_equal(_pixels(shape, 60, 72), pixels)
        assert not _is_shape(text, 60, 73)
    square = _pixels([[10, 5, 20, 5, 20, 15, 10, 15]], 60, 72)
    assert square.sum() == 100
    assert square[5:15, 10:20].all()


def test_crowds_and_boxes_of_no_area_are_left_out_and_counted(tmp_path):
    file = write_coco(tmp_path / "c", 20)
    content = json.loads(file.read_text())
    content["annotations"][0]["iscrowd"] = 1
    content["annotations"][1]["bbox"][2] = 0
    file.write_text(json.dumps(content))
    dataset = user_dataset(f"coco:{file}")
    assert dataset.configs == ("detection",)
    assert dataset.notes()[1:] == (
        "1 objects of no area left out",
        "1 crowds left out: what is found there counts as wrong",
    )
    with pytest.raises(TaskInputError, match=r"segmentation on coco:.*; allowed: detection"):
        make_task("segmentation", f"coco:{file}")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.pop("images"), "no list 'images' of objects"),
        (lambda c: c["annotations"][3].update(category_id=9), "annotation 3 names an image or a category"),
        (lambda c: c["annotations"][3].update(bbox=[1, 2, 3]), "bbox [1, 2, 3]; allowed: x, y, width, height"),
        (lambda c: c["annotations"][3].update(bbox=[1, 2, 300, 3]), "not on 72 x 60 pixels"),
        (lambda c: c["annotations"][3].update(bbox=[1, 2, float("nan"), 3]), "not on 72 x 60 pixels"),
        (lambda c: c["annotations"][3].update(bbox=[0, 0, 10**400, 5]), "00; allowed: x, y, width, height"),
        (lambda c: c["annotations"][3].update(bbox=[True, 2, 3, 4]), "bbox [True, 2, 3, 4]; allowed: x, y, width"),
        (lambda c: c["images"][2].update(file_name="no.jpg"), "1 of 20 images are not there, such as 'no.jpg'"),
        (lambda c: c["images"][2].pop("width"), "has no width and height"),
        (lambda c: c["categories"].clear(), "categories without ids"),
        (lambda c: c["categories"][2].update(name="circle"), "two categories are called 'circle'; allowed: names that"),
        (lambda c: c["annotations"][3].update(image_id=[1]), "annotation 3 names an image or a category"),
        # what pycocotools would draw until the memory is full, or crash of
        (lambda c: c["annotations"][3].update(segmentation=[[1e9, 1, 2, 3, 4, 5]]), "allowed: polygons on 72 x 60"),
        (lambda c: c["annotations"][3].update(segmentation={"counts": "1o`0", "size": [60, 72]}), "or an RLE"),
    ],
)
def test_annotations_that_are_not_cocos_are_refused(change, said, tmp_path):
    file = write_coco(tmp_path / "c", 20)
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))
    assert said in refusal(f"coco:{file}")


def test_what_is_found_on_a_crowd_counts_as_wrong_in_boxes_and_for_nothing_in_masks(tmp_path):
    file = write_coco(tmp_path / "c", 20, masks=True)
    content = json.loads(file.read_text())
    content["annotations"][0]["iscrowd"] = 1
    file.write_text(json.dumps(content))
    dataset = user_dataset(f"coco:{file}")
    assert dataset.notes()[1] == "1 crowds left out: what is found there counts as wrong, in masks for nothing"
    (item,) = (each for items in dataset.source.splits.values() for each in items if each.name == "000.jpg")
    example = dataset.source.decode(item)
    assert (len(example.boxes), (example.instances == IGNORED).any()) == (1, True)


def test_masks_of_more_categories_than_bytes_tell_apart_are_left_out(tmp_path):
    for count in (254, 255):
        file = write_coco(tmp_path / str(count), 20, masks=True)
        content = json.loads(file.read_text())
        content["categories"] += [{"id": 100 + k, "name": f"other {k}"} for k in range(count - 3)]
        file.write_text(json.dumps(content))
    assert user_dataset(f"coco:{tmp_path}/254/boxes.json").configs == ("detection", "segmentation")
    many = user_dataset(f"coco:{tmp_path}/255/boxes.json")
    assert many.configs == ("detection",)
    assert many.notes()[1:] == ("masks left out: 255 categories; allowed for segmentation: up to 254",)


def test_annotations_that_leave_a_split_without_an_object_are_refused(tmp_path):
    file = write_coco(tmp_path / "c", 20)
    content = json.loads(file.read_text())
    tested = {item.name for item in user_dataset(f"coco:{file}").source.splits["test"]}
    images = {each["id"] for each in content["images"] if each["file_name"] in tested}
    kept = [each for each in content["annotations"] if each["image_id"] not in images]
    for name, annotations, split in (("some", kept, "test"), ("none", [], "train")):
        other = file.with_name(f"{name}.json")
        other.write_text(json.dumps(content | {"annotations": annotations}))
        assert f"{name}.json: no object in {split}; allowed: one and more" in refusal(f"coco:{other}")


def test_a_hidden_copy_of_annotations_is_none(tmp_path):
    file = write_coco(tmp_path / "c", 20)
    file.rename(file.with_name("train.json"))
    (tmp_path / "c" / ".ipynb_checkpoints").mkdir()
    (tmp_path / "c" / ".ipynb_checkpoints" / "train-checkpoint.json").write_text("{}")
    assert user_dataset(f"coco:{tmp_path}/c").class_names == SHAPES


def test_an_image_that_is_not_of_the_annotated_size_is_named(tmp_path):
    file = write_coco(tmp_path / "c", 20)
    Image.new("RGB", (10, 10)).save(tmp_path / "c" / "images" / "004.jpg")
    assert "004.jpg (is 10 x 10, annotated as 72 x 60)" in refusal(f"coco:{file}", tmp_path)


def test_boxes_by_corners_and_boxes_in_shares_are_said(tmp_path):
    write_coco(tmp_path / "c", 20)
    file = tmp_path / "c" / "boxes.json"
    content = json.loads(file.read_text())
    for each in content["annotations"]:
        each["bbox"] = [40, 30, 60, 50]
    file.write_text(json.dumps(content))
    assert "40 boxes reach more than a pixel beyond their image" in " ".join(user_dataset(f"coco:{file}").notes())
    for each in content["annotations"]:
        each["bbox"] = [0.1, 0.1, 0.5, 0.5]
    file.write_text(json.dumps(content))
    notes = user_dataset(f"coco:{file}?side=48").notes()
    assert "40 boxes are smaller than a pixel: are they in pixels?" in " ".join(notes)
