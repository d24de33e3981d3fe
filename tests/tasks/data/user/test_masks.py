"""Images with masks beside them."""

from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from tasks.data.scenes import IGNORED
from tasks.data.user.dataset import user_dataset
from tasks.errors import TaskInputError
from tasks.registry import make_task
from tests.tasks.data.user.generated import write_masks
from tests.tasks.data.user.preparing import prepared, refusal


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
    assert task.output_names == ("ground", "circle", "square", "bar")
    (tmp_path / "m" / "classes.txt").write_text("circle\nsquare\nbar\n")
    with_background = make_task("segmentation", f"masks:{tmp_path}/m?side=48")
    assert with_background.output_names == ("background", "circle", "square", "bar")
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


@pytest.mark.parametrize("first", ["background", "_Background_", "__background__"])
def test_names_that_begin_with_the_background_are_refused_as_each_would_be_the_next_ones(first, tmp_path):
    write_masks(tmp_path / "m", 20)
    (tmp_path / "m" / "classes.txt").write_text(f"{first}\ncircle\nsquare\nbar\n")
    said = refusal(f"masks:{tmp_path}/m?side=60")
    assert f"begins with {first!r}, and names are from value 1 on; allowed: without it, or background=no" in said
    assert user_dataset(f"masks:{tmp_path}/m?side=60&background=no").class_names[0] == first


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    write_masks(tmp_path / "m", 20)
    names = tmp_path / "m" / "classes.txt"
    names.write_text("background\ncircle\nsquare\nbar\n", "utf-8-sig")
    assert "begins with 'background'" in refusal(f"masks:{tmp_path}/m?side=60")
    names.write_text("circle\nsquare\nbar\n", "utf-8-sig")
    assert user_dataset(f"masks:{tmp_path}/m?side=32").class_names == ("circle", "square", "bar")


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


@pytest.mark.parametrize("background", ["yes", "no"])
def test_a_split_of_which_no_mask_shows_a_class_is_said(background, tmp_path):
    write_masks(tmp_path / "m", 20)
    name = f"masks:{tmp_path}/m?side=60&background={background}"
    tested = user_dataset(name).source.splits["test"]
    for item in tested:  # the circle's pixels count for nothing
        mask = np.asarray(Image.open(item.mask))
        Image.fromarray(np.where(mask == 1, IGNORED, mask).astype(np.uint8)).save(item.mask)
    circle = name.replace("side=60", "side=48")  # images are divided by their content alone
    prepared(circle, tmp_path)
    assert user_dataset(circle).class_names[-3] == "1"
    assert user_dataset(circle).without(tmp_path) == ("no example of 1 in test",)


@pytest.mark.parametrize("names", [("train", "dev"), ("val", "test"), ("film", "testing")])
def test_images_that_are_held_out_are_not_mixed_into_training(names, tmp_path):
    for number, name in enumerate(names):
        write_masks(tmp_path / "some", 20 + number)
        for kind in ("images", "masks"):
            (tmp_path / kind).mkdir(exist_ok=True)
            (tmp_path / "some" / kind).rename(tmp_path / kind / name)
    said = refusal(f"masks:{tmp_path}")
    assert f"/images' has folders {', '.join(sorted(names))}; allowed: all or none called after splits" in said


def test_masks_of_other_splits_than_images_are_refused(tmp_path):
    write_masks(tmp_path / "train", 20)
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
        (tmp_path / "train" / kind).rename(tmp_path / kind / "train")
    assert user_dataset(f"masks:{tmp_path}").source.count("test") == 3
    (tmp_path / "masks" / "test").mkdir()
    assert "images/ has splits train; masks/ test, train; allowed: the same" in refusal(f"masks:{tmp_path}?side=16")
    (tmp_path / "images" / "test").mkdir()
    assert "test is there without an image; allowed: one and more, or no test" in refusal(f"masks:{tmp_path}?side=32")
    for name in ("images", "masks"):
        (tmp_path / "none" / name).mkdir(parents=True)
    assert refusal(f"masks:{tmp_path}/none") == "train is there without an image; allowed: one and more"


def test_masks_that_cannot_be_are_refused(tmp_path):
    colours = save_masks(tmp_path / "c", lambda mask: Image.fromarray(np.stack([mask, mask * 9, mask], -1)))
    assert "is in colours, not an index mask; allowed: an index mask" in refusal(f"masks:{colours}")
    black = save_masks(tmp_path / "black", lambda mask: Image.fromarray(0 * mask))
    assert "has 0 classes; allowed: 1 to" in refusal(f"masks:{black}")
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
