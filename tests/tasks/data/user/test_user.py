"""What people bring: what is taken, what is said of what is not, and how it is divided."""

import errno
import io
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from benchmarks.errors import MAX_LINE
from tasks.data.datasets import get_dataset, short_name
from tasks.data.scenes import IGNORED
from tasks.data.settings import SPLITS
from tasks.data.user import builders, module
from tasks.data.user.dataset import UserDataset, user_dataset
from tasks.data.user.folder import scan_folder
from tasks.data.user.name import is_user_name, parse_name
from tasks.data.user.source import Item
from tasks.data.user.split import complete, divide
from tasks.errors import TaskInputError
from tasks.registry import make_task
from tests.tasks.data.user.generated import SHAPES, drawn, write_coco, write_folder, write_masks


def prepared(name: str, home: Path) -> dict[str, object]:
    dataset = user_dataset(name)
    (config, *_) = dataset.configs
    dataset.prepare(home, config, workers=2)
    return {split: dataset.load(home, config, split) for split in SPLITS}


def refusal(name: str, home: Path | None = None) -> str:
    def whole():
        dataset = user_dataset(name)
        assert home is not None
        dataset.prepare(home, dataset.configs[0])

    with pytest.raises(TaskInputError) as caught:
        whole()
    assert len(str(caught.value)) <= MAX_LINE + 100  # one_line shortens paths
    return str(caught.value)


def test_a_name_is_written_in_one_way_and_holds_in_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = str(parse_name("folder:a/b?channels=1&side=96"))
    assert name == f"folder:{tmp_path}/a/b?channels=1"
    assert str(parse_name(name)) == name
    assert short_name(name) == "folder_b"
    assert str(parse_name("folder:a?side=48x80")).endswith("a?side=48x80")
    assert str(parse_name("folder:a?side=48x48")).endswith("a?side=48")
    assert short_name("fashion_items") == "fashion_items"
    assert [is_user_name(each) for each in ("mine.py", "tfds:x", "fashion_items", "foldr:x")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("folder:", "says no place; allowed: folder:PATH"),
        ("folder:a?size=3", "'size=3'; allowed: side=..., channels=..., group=..."),
        ("folder:a?side=512", "side is '512'; allowed: whole numbers 16 to 256, or two, HEIGHTxWIDTH"),
        ("folder:a?side=96x", "side is '96x'; allowed"),
        ("folder:a?side=96x3", "side is '96x3'; allowed"),
        ("folder:a?channels=4", "allowed: 1, 3"),
        ("masks:a?background=maybe", "allowed: yes, no"),
        ("mine.py?side=3", "allowed: nothing, as the file says all"),
        ("nothing", "allowed: fashion_items"),
        ("tfds:../..", "is no name of a builder; allowed: NAME, NAME/CONFIG"),
        ("folder:a\0b", "embedded null"),
        (f"coco:{'a/' * 3000}", "cannot be read: "),
    ],
)
def test_a_wrong_name_is_answered_with_those_allowed(name, said):
    with pytest.raises(TaskInputError, match=re.escape(said)):
        get_dataset(name)


def test_a_path_alone_is_asked_what_it_is(tmp_path):
    with pytest.raises(TaskInputError, match=r"say what it is, folder:PATH, coco:FILE\.json"):
        get_dataset(str(tmp_path))


def items(digests, labels=None):
    return [Item(Path(), f"{n}.png", 0 if labels is None else labels[n], digest=d) for n, d in enumerate(digests)]


def test_shares_are_70_15_15_of_each_class_whatever_the_order_and_the_names():
    digests = [f"{n * 7919 % 1000:04}" for n in range(200)]
    labels = [n % 2 for n in range(200)]
    found = divide(items(digests, labels), SPLITS)
    assert {split: len(each) for split, each in found.items()} == {"train": 140, "validation": 30, "test": 30}
    assert [sum(item.label for item in found[split]) for split in SPLITS] == [70, 15, 15]
    again = divide(items(digests[::-1], labels[::-1]), SPLITS)
    assert {split: {i.digest for i in each} for split, each in found.items()} == {
        split: {i.digest for i in each} for split, each in again.items()
    }


def test_equal_files_and_frames_of_one_film_are_never_in_two_splits():
    digests = [f"{n % 10:02}" for n in range(100)]
    found = divide(items(digests), SPLITS)
    assert sum(len({item.digest for item in each}) for each in found.values()) == 10
    films = [Item(Path(), f"film{n % 8}_{n}.png", digest=f"{n * 7919 % 1000:04}") for n in range(80)]
    found = divide(films, SPLITS, group="_")
    assert sum(len({item.name.split("_")[0] for item in each}) for each in found.values()) == 8
    assert all(found.values())


def test_splits_that_are_given_are_kept_and_what_is_missing_comes_from_training():
    train, test = items([f"{n:03}" for n in range(100)]), items([f"t{n}" for n in range(5)])
    found = complete({"train": train, "test": test}, "")
    assert [len(found[split]) for split in SPLITS] == [85, 15, 5]
    with pytest.raises(TaskInputError, match=r"'0.png' of test and '7.png' of train are the same;"):
        complete({"train": train, "test": items(["007"])}, "")
    with pytest.raises(TaskInputError, match="2 images leave none for validation; allowed: 20 and more"):
        complete({"train": items(["a", "b"])}, "")


def test_a_group_in_two_splits_that_are_given_is_refused():
    films = {
        split: [
            Item(Path(), f"{split}/{film}_{n}.png", digest=f"{split} {film} {n}") for film in names for n in range(3)
        ]
        for split, names in (("train", ("sea", "hill")), ("validation", ("wood",)), ("test", ("lake", "hill")))
    }
    assert [len(each) for each in complete(films, "").values()] == [6, 3, 6]
    with pytest.raises(TaskInputError, match=r"'test/hill_0.png' of test and 'train/hill_0.png' of train are of one"):
        complete(films, "_")


def odd_images(folder: Path) -> dict[str, Path]:
    """Images with a red left half and a blue right half, in every form that people have them in."""
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:, :30, 0], pixels[:, 30:, 2] = 255, 255
    plain = Image.fromarray(pixels)
    clear = plain.convert("RGBA")
    clear.putalpha(Image.fromarray(np.where(np.arange(60) < 30, 255, 0).astype(np.uint8)[None].repeat(40, 0)))
    turned = Image.Exif()
    turned[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    forms = {
        "plain.png": (plain, {}),
        "cmyk.jpg": (plain.convert("CMYK"), {"quality": 98}),
        "clear.png": (clear, {}),
        "palette.gif": (plain.quantize(4), {}),
        "grey.png": (plain.convert("L"), {}),
        "turned.jpg": (plain.transpose(Image.Transpose.ROTATE_90), {"exif": turned, "quality": 98}),
        "deep.png": (Image.fromarray((pixels[..., 0].astype(np.uint16) << 8) + 255), {}),
    }
    for name, (image, how) in forms.items():
        image.save(folder / name, **how)
    return {name: folder / name for name in forms}


def test_images_of_all_forms_look_as_their_viewer_shows_them(tmp_path):
    from tasks.data.user.images import load_image, to_array

    for name, path in odd_images(tmp_path).items():
        array = to_array(load_image(path), 32, 3)
        assert array.shape == (32, 32, 3)
        left, right = array[8:24, 4:12].reshape(-1, 3).mean(0), array[8:24, 20:28].reshape(-1, 3).mean(0)
        expected = {
            "clear.png": ((255, 0, 0), (255, 255, 255)),
            "grey.png": ((76, 76, 76), (29, 29, 29)),
            "deep.png": ((255, 255, 255), (0, 0, 0)),
        }.get(name, ((255, 0, 0), (0, 0, 255)))
        np.testing.assert_allclose(left, expected[0], atol=8, err_msg=name)
        np.testing.assert_allclose(right, expected[1], atol=8, err_msg=name)
        assert to_array(load_image(path), 16, 1).shape == (16, 16, 1)


def test_a_folder_is_prepared_once_and_is_the_same_wherever_it_lies(tmp_path):
    write_folder(tmp_path / "a", 30)
    (tmp_path / "a" / "notes.txt").write_text("mine")
    found = prepared(f"folder:{tmp_path}/a?side=32", tmp_path)
    assert [len(found[split]) for split in SPLITS] == [18, 6, 6]
    assert isinstance(found["train"].images, np.memmap)
    dataset = user_dataset(f"folder:{tmp_path}/a?side=32")
    assert dataset.class_names == ("bar", "circle", "square")
    assert "left out: 1 file that is no image (notes.txt)" in dataset.notes()[1]
    folder = dataset.prepare(tmp_path, "classification")
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    os.rename(tmp_path / "a", tmp_path / "b")
    moved = user_dataset(f"folder:{tmp_path}/b?side=32")
    assert moved.prepare(tmp_path, "classification") == folder
    assert before == {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    versions = {moved.version("classification")}
    versions |= {user_dataset(f"folder:{tmp_path}/b?{more}").version("classification") for more in ("", "channels=1")}
    Image.new("RGB", (9, 9)).save(tmp_path / "b" / "bar" / "000.png")  # another image of that name
    versions.add(UserDataset(moved.parsed, scan_folder(tmp_path / "b", moved.parsed.options)).version("classification"))
    assert len(versions) == 4


def test_two_that_prepare_the_same_data_at_once_write_it_once(tmp_path, monkeypatch):
    written, write = [], UserDataset._write
    monkeypatch.setattr(UserDataset, "_write", lambda *given: (written.append(given[1]), write(*given)))
    name = f"folder:{write_folder(tmp_path / 'a', 60)}?side=32"
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: prepared(name, tmp_path), range(2)))
    assert len(written) == 1
    for split in SPLITS:
        np.testing.assert_array_equal(both[0][split].images, both[1][split].images)


def test_a_damaged_file_of_what_was_prepared_is_named(tmp_path):
    write_folder(tmp_path / "a", 30)
    name = f"folder:{tmp_path}/a?side=16"
    prepared(name, tmp_path)
    folder = user_dataset(name).prepare(tmp_path, "classification")
    with (folder / "images-test.npy").open("r+b") as file:
        file.seek(-1, io.SEEK_END)
        file.write(b"\xff")
    with pytest.raises(TaskInputError, match=r"images-test.npy is damaged: delete its folder"):
        user_dataset(name).load(tmp_path, "classification", "test")
    with pytest.raises(TaskInputError, match="is not prepared in"):
        user_dataset(name).load(tmp_path / "other", "classification", "test")


def test_files_that_are_cut_short_are_counted_and_named_and_nothing_is_left(tmp_path):
    write_folder(tmp_path / "a", 30)
    for number in ("003", "006"):
        path = tmp_path / "a" / "circle" / f"{number}.png"
        path.write_bytes(path.read_bytes()[:200])
    said = refusal(f"folder:{tmp_path}/a", tmp_path)
    assert said.startswith("2 of 30 images cannot be used: circle/00")
    assert "truncated" in said
    assert "repair or remove them" in said
    assert not list((tmp_path / "data" / "user").glob("[!.]*[!k]"))  # but the lock


def test_want_of_open_files_is_not_said_to_be_damage_or_absence(tmp_path, monkeypatch):
    name = f"folder:{write_folder(tmp_path / 'a', 30)}?side=16"
    prepared(name, tmp_path)
    dataset = user_dataset(name)

    def full(path, *mode, **how):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(path))

    for method in ("read_text", "open"):  # of what lists the arrays, of an array
        with monkeypatch.context() as patch:
            patch.setattr(Path, method, full)
            with pytest.raises(OSError, match="Too many open files"):
                dataset.load(tmp_path, "classification", "test")
    (dataset.prepare(tmp_path, "classification") / "content.json").write_text("{")
    with pytest.raises(TaskInputError, match=r"content.json is damaged: delete its folder"):
        dataset.load(tmp_path, "classification", "test")


def test_a_full_disk_is_said_before_anything_is_decoded(tmp_path, monkeypatch):
    write_folder(tmp_path / "a", 30)
    asked = []

    def full(file, offset, length):
        asked.append(length)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert "cannot be written: No space left on device" in refusal(f"folder:{tmp_path}/a?side=32", tmp_path)
    assert asked == [18 * 32 * 32 * 3 + 128]  # of training images and the header


def test_a_folder_that_is_none_of_classes_is_refused(tmp_path):
    assert "allowed: a folder" in refusal(f"folder:{tmp_path}/nowhere")
    write_folder(tmp_path / "one", 5, ("circle",))
    assert "has 1 sub-folder with images, 0 images beside them" in refusal(f"folder:{tmp_path}/one")


def test_folders_called_after_splits_are_taken_as_such(tmp_path):
    for split, count in (("train", 20), ("val", 6)):
        for number in range(count):
            folder = tmp_path / "s" / split / SHAPES[number % 3]
            folder.mkdir(parents=True, exist_ok=True)
            drawn(number + 100 * count, (SHAPES[number % 3],))[0].save(folder / f"{number}.png")
    for stray in ("__MACOSX/train", "empty"):
        (tmp_path / "s" / stray).mkdir(parents=True)
    (tmp_path / "s" / "__MACOSX" / "train" / "._0.png").write_bytes(b"a Mac's")
    dataset = user_dataset(f"folder:{tmp_path}/s")
    assert [dataset.source.count(split) for split in SPLITS] == [17, 6, 3]
    assert dataset.class_names == ("bar", "circle", "square")


def test_folders_of_which_some_alone_are_called_after_splits_are_refused_unless_train_may_be_a_class(tmp_path):
    write_folder(tmp_path, 30, ("circle", "square", "bar"))
    (tmp_path / "circle").rename(tmp_path / "train")
    assert user_dataset(f"folder:{tmp_path}").class_names == ("bar", "square", "train")
    (tmp_path / "bar").rename(tmp_path / "val")
    assert "has folders square, train, val; allowed: all or none called after splits" in refusal(
        f"folder:{tmp_path}?side=32"
    )
    (tmp_path / "square").rename(tmp_path / "valid")
    assert "has folders train, val, valid; allowed:" in refusal(f"folder:{tmp_path}?side=32")


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


def test_an_image_that_is_not_of_the_annotated_size_is_named(tmp_path):
    file = write_coco(tmp_path / "c", 20)
    Image.new("RGB", (10, 10)).save(tmp_path / "c" / "images" / "004.jpg")
    assert "004.jpg (is 10 x 10, annotated as 72 x 60)" in refusal(f"coco:{file}", tmp_path)


def test_index_masks_keep_their_values_with_and_without_a_background(tmp_path):
    write_masks(tmp_path / "m", 20)
    found = prepared(f"masks:{tmp_path}/m?side=60", tmp_path)
    assert user_dataset(f"masks:{tmp_path}/m?side=60").class_names == ("1", "2", "3")
    assert sorted(np.unique(found["train"].masks)) == [0, 1, 2, 3]
    (tmp_path / "m" / "classes.txt").write_text("ground\ncircle\nsquare\nbar\n")
    name = f"masks:{tmp_path}/m?side=60&background=no"
    every = prepared(name, tmp_path)["train"]
    np.testing.assert_array_equal(every.masks, found["train"].masks + 1)
    task = make_task("segmentation", name)
    assert (task.classes, task.output_channels) == (4, 4)
    with pytest.raises(TaskInputError, match="into 1 classes; allowed: 4"):
        make_task("segmentation", name, 1)
    with pytest.raises(TaskInputError, match="allowed: segmentation"):
        make_task("detection", name)


def test_without_a_background_the_loss_and_the_prediction_begin_with_the_first_class(tmp_path):
    write_masks(tmp_path / "m", 20)
    task = make_task("segmentation", f"masks:{tmp_path}/m?side=16&background=no")
    masks = np.array([[[1, 2], [4, IGNORED]]], np.uint8).repeat(8, 1).repeat(8, 2)
    right = np.where(np.arange(4)[None, None, None] == masks[..., None].astype(int) - 1, 9.0, 0.0).astype(np.float32)
    loss, predicted = map(np.asarray, jax.jit(lambda x: (task.loss(x, {"masks": masks}), task.predict(x)))(right))
    assert loss < 0.01
    assert (predicted == np.where(masks == IGNORED, 1, masks)).all()


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


def save_masks(folder: Path, change) -> Path:
    write_masks(folder, 20)
    for path in (folder / "masks").iterdir():
        change(np.asarray(Image.open(path))).save(path)
    return folder


def test_masks_of_a_kind_that_changes_values_are_refused(tmp_path):
    write_masks(tmp_path, 20)
    for path in (tmp_path / "masks").iterdir():
        Image.open(path).save(path.with_suffix(".jpg"))
        path.unlink()
    assert "is a JPEG, which changes values; allowed: PNG" in refusal(f"masks:{tmp_path}")


def test_masks_of_0_and_255_are_one_class_and_palettes_count_by_index(tmp_path):
    binary = save_masks(tmp_path / "b", lambda mask: Image.fromarray(np.where(mask > 0, 255, 0).astype(np.uint8)))
    found = prepared(f"masks:{binary}?side=60", tmp_path)["train"]
    assert sorted(np.unique(found.masks)) == [0, 1]
    assert user_dataset(f"masks:{binary}?side=60").class_names == ("255",)
    (binary / "classes.txt").write_text("road\n")
    named = user_dataset(f"masks:{binary}?side=32")
    assert (named.class_names, named.notes()[1]) == (("road",), "masks hold 0 and 255: 255 is the one class")
    (binary / "classes.txt").write_text("road\nroof\n")
    assert "masks hold 0 and 255 alone, one class; classes.txt names 2" in refusal(f"masks:{binary}?side=48")

    def with_palette(mask):
        image = Image.fromarray(mask).convert("P")
        image.putpalette([10, 20, 30] * 256)
        return image

    found = prepared(f"masks:{save_masks(tmp_path / 'p', with_palette)}?side=60", tmp_path)["train"]
    assert sorted(np.unique(found.masks)) == [0, 1, 2, 3]


def test_masks_that_cannot_be_are_refused(tmp_path):
    colours = save_masks(tmp_path / "c", lambda mask: Image.fromarray(np.stack([mask, mask * 9, mask], -1)))
    assert "is in colours, not an index mask; allowed: an index mask" in refusal(f"masks:{colours}")
    write_masks(tmp_path / "m", 20)
    (tmp_path / "m" / "classes.txt").write_text("circle\nsquare\n")
    assert "a mask holds 3; classes.txt names 1 to 2, and 255 is ignored" in refusal(f"masks:{tmp_path}/m")
    (tmp_path / "m" / "classes.txt").write_text("circle\ncircle\nsquare\n")
    assert "names a class twice" in refusal(f"masks:{tmp_path}/m")
    (tmp_path / "m" / "masks" / "004.png").unlink()
    assert "1 files lack the other half, such as '004': no mask" in refusal(f"masks:{tmp_path}/m")
    (tmp_path / "m" / "masks" / "003_mask.png").write_bytes((tmp_path / "m" / "masks" / "003.png").read_bytes())
    assert "has '003.png' and '003_mask.png'; allowed: one file of a name" in refusal(f"masks:{tmp_path}/m")
    assert "has no images/ and masks/" in refusal(f"masks:{tmp_path}")


MINE = """
import numpy as np


class Mine:
    task = "classification"
    class_names = ("dark", "bright")
    side_pixels = 16
    channels = 1

    def load(self, split):
        n = {"train": 24, "validation": 8, "test": 8}[split]
        labels = np.arange(n) % 2
        return {"images": np.full((n, 16, 16, 1), 40, np.uint8) + labels[:, None, None, None].astype(np.uint8) * 150,
                "labels": labels}


DATASET = Mine()
"""


def test_a_file_may_define_a_data_set(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    found = prepared(f"{tmp_path}/mine.py", tmp_path)
    assert found["train"].images.shape == (24, 16, 16, 1)
    np.testing.assert_array_equal(found["test"].images[:, 0, 0, 0], 40 + 150 * found["test"].labels)
    assert make_task("classification", f"{tmp_path}/mine.py").classes == 2


def test_a_file_of_data_may_hold_a_dataclass_whose_annotations_are_postponed(tmp_path):
    held = "from dataclasses import dataclass\n\n@dataclass\nclass Where:\n    folder: str = ''\n"
    (tmp_path / "mine.py").write_text(f"from __future__ import annotations\n{held}{MINE}")
    assert user_dataset(f"{tmp_path}/mine.py").class_names == ("dark", "bright")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("np.uint8) + labels", "np.float32) + labels", "train: images are float32; allowed: uint8, 0 to 255"),
        ("% 2", "% 3", "train: labels are 0 to 2; allowed: 0 to 1"),
        ('"labels": labels', '"labels": labels[:-1]', "train: labels has shape (23,); allowed: (24,)"),
        ('"labels": labels', '"label": labels', "load('train') raised KeyError"),
        ("(n, 16, 16, 1)", "(n, 16, 20, 1)", "images has shape (24, 16, 20, 1); allowed: (24, 16, 16, 1)"),
        ("channels = 1", "channels = 2", "channels is 2; allowed: 1, 3"),
        ("np.full((n, 16, 16, 1), 40, np.uint8) + labels[:, None, None, None].astype(np.uint8) * 150", "5", "shape ()"),
        ("channels = 1", "channels = 1\n    version = property(lambda self: 1 / 0)", "version cannot be read (ZeroDiv"),
        ('task = "classification"', "", "it has no task"),
        ("DATASET = Mine()", "", "defines no DATASET"),
        ("import numpy", "import nowhere, numpy", "cannot be run: ModuleNotFoundError"),
        (
            "DATASET = Mine()",
            "from tasks.errors import TaskInputError\nraise TaskInputError('no images here')",
            "mine.py: no images here",  # it names the file as well
        ),
    ],
)
def test_what_a_file_gives_is_checked(old, new, said, tmp_path):
    (tmp_path / "mine.py").write_text(MINE.replace(old, new))
    assert said in refusal(f"{tmp_path}/mine.py", tmp_path)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"boxes": np.array([[[0.5, 0, 0.4, 1]]]), "labels": np.zeros((1, 1), int)}, "boxes are not ymin < ymax"),
        ({"boxes": np.array([[[0, 0, 40.0, 1]]]), "labels": np.zeros((1, 1), int)}, "in 0 to 1"),
        ({"boxes": np.zeros((1, 1, 4)), "labels": np.full((1, 1), -2)}, "labels are -2 to 0; allowed: -1 to 0"),
        ({"boxes": np.zeros((1, 1, 4)), "labels": np.full((1, 1), -1)}, "no object in train; allowed: one and more"),
        ({"boxes": np.zeros((1, 0, 4)), "labels": np.zeros((1, 0), int)}, "no object in train; allowed: one and more"),
        ({"masks": np.full((1, 16, 16), 7, np.uint8)}, "masks hold 7; allowed: 0 to 1, and 255"),
        ({"masks": np.zeros((1, 16, 16))}, "masks are float64; allowed: uint8"),
    ],
)
def test_boxes_and_masks_that_a_file_gives_are_checked(given, said):
    mine = SimpleNamespace(
        task="segmentation" if "masks" in given else "detection",
        class_names=("thing",),
        side_pixels=16,
        channels=3,
        load=lambda split: {"images": np.zeros((1, 16, 16, 3), np.uint8), **given},
    )
    with pytest.raises(TaskInputError, match=re.escape(said)):
        module.ModuleSource("mine", mine, "").count("train")


def test_an_installed_package_may_bring_a_data_set(monkeypatch):
    def load():
        scope = {}
        exec(MINE, scope)
        return scope["DATASET"]

    entry = SimpleNamespace(name="mine", value="mine:DATASET", dist=None, load=load)
    monkeypatch.setattr(module, "entry_points", lambda group: [entry] if group == "accelnas.datasets" else [])
    assert user_dataset("entry:mine").class_names == ("dark", "bright")
    with pytest.raises(TaskInputError, match="no package has data set 'other'; allowed: mine"):
        user_dataset("entry:other")


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


class Unlabelled(Toy, skip_registration=True):
    def _generate_examples(self, first, count):
        for number, record in super()._generate_examples(first, count):
            yield number, record if first == 0 else record | {"label": -1}


def test_labels_that_a_builder_keeps_back_are_refused(tmp_path, monkeypatch):
    tfds.disable_progress_bar()
    Unlabelled(data_dir=str(tmp_path / "tfds"), file_format="array_record").download_and_prepare()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    assert "10 of 40 images cannot be used: test 4 (has label -1; allowed: 0 to 2); " in refusal(
        "tfds:unlabelled?side=32", tmp_path
    )


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


def test_a_value_of_a_mask_that_was_not_met_where_classes_are_looked_for_is_refused(tmp_path, monkeypatch):
    tfds.disable_progress_bar()
    Scenery(data_dir=str(tmp_path / "tfds"), config="masks", file_format="array_record").download_and_prepare()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    monkeypatch.setattr(builders, "ENOUGH", 1)
    said = refusal("tfds:scenery/masks?side=32", tmp_path)
    assert re.search(r"has [23] in its mask; 1 of train hold 0 to 1\)", said)
