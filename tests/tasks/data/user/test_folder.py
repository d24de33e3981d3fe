"""Folders of images, a folder a class: what is taken, what is said of what is not."""

import errno
import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.runtime.prepare import prepare_with_progress
from tasks.data.settings import SPLITS
from tasks.data.user.dataset import UserDataset, user_dataset
from tasks.data.user.folder import scan_folder
from tasks.errors import TaskInputError
from tests.tasks.data.user.generated import SHAPES, drawn, write_folder
from tests.tasks.data.user.preparing import prepared, refusal


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


def test_an_image_in_a_form_that_does_not_become_grey_is_named(tmp_path):
    path = write_folder(tmp_path / "data", 45)
    Image.new("LAB", (40, 40)).save(path / "circle/lab.tif")
    said = refusal(f"folder:{path}?channels=1", tmp_path)
    assert "1 of 46 images cannot be used: circle/lab.tif (conversion from LAB " in said


def test_a_split_without_an_example_of_a_class_is_said(tmp_path):
    write_folder(tmp_path / "a", 30, SHAPES[:2])
    write_folder(tmp_path / "a", 2, SHAPES[2:])
    found, dataset = prepared(f"folder:{tmp_path}/a?side=16", tmp_path), user_dataset(f"folder:{tmp_path}/a?side=16")
    rare = dataset.class_names.index(SHAPES[2])
    lacking = [split for split in SPLITS if rare not in found[split].labels]
    assert lacking
    assert dataset.without(tmp_path) == tuple(f"no example of {SHAPES[2]} in {split}" for split in lacking)


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
    for number in ("003", "006"):
        (tmp_path / "a" / "circle" / f"{number}.png").unlink()
    assert sum(len(each) for each in prepared(f"folder:{tmp_path}/a", tmp_path).values()) == 28  # in the same process


def test_what_a_killed_preparation_left_is_removed_by_the_next(tmp_path):
    name = f"folder:{write_folder(tmp_path / 'a', 30)}?side=16"
    folder = tmp_path / "data" / "user"
    own, other = (folder / f"incomplete.{of}.x" for of in (user_dataset(name).version("classification"), "another"))
    for left in (own, other):
        left.mkdir(parents=True)
        (left / "images-train.npy").write_bytes(b"half")
    prepared(name, tmp_path)
    assert (own.exists(), other.exists()) == (False, True)


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


@pytest.mark.parametrize("content", ["{", "[]", '{"train": {}}', "\xff"])
def test_what_lists_the_arrays_is_named_where_it_is_damaged_when_data_are_prepared_again(content, tmp_path):
    name = f"folder:{write_folder(tmp_path / 'a', 30)}?side=16"
    dataset = user_dataset(name)
    with pytest.raises(TaskInputError, match="is not prepared in"):
        dataset.without(tmp_path)
    (dataset.prepare(tmp_path, "classification") / "content.json").write_text(content, encoding="latin-1")
    with pytest.raises(TaskInputError, match=r"content.json is damaged: delete its folder"):
        prepare_with_progress(tmp_path, "classification", name)
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


def test_copies_in_hidden_folders_are_no_data(tmp_path):
    write_folder(tmp_path / "a", 60)
    seen = user_dataset(f"folder:{tmp_path}/a?side=16")
    for place in (".thumbnails", "circle/.ipynb_checkpoints", "circle/.old/2020"):
        (tmp_path / "a" / place).mkdir(parents=True)
        drawn(999, ("bar",))[0].save(tmp_path / "a" / place / "copy.png")
        (tmp_path / "a" / place / "notes.txt").write_text("mine")
    dataset = UserDataset(seen.parsed, scan_folder(tmp_path / "a", seen.parsed.options))
    assert (dataset.digits, dataset.notes()) == (seen.digits, seen.notes())
    (tmp_path / "b" / "only" / ".hidden").mkdir(parents=True)
    drawn(1, ("bar",))[0].save(tmp_path / "b" / "only" / ".hidden" / "0.png")
    write_folder(tmp_path / "some", 60).rename(tmp_path / "b" / "train")  # beside a folder without images
    assert user_dataset(f"folder:{tmp_path}/b").class_names == ("bar", "circle", "square")


def test_images_beside_the_folders_of_classes_are_said(tmp_path):
    write_folder(tmp_path / "s" / "train", 60)
    for place in ("s/loose.png", "s/train/0.png", "s/train/1.png"):
        drawn(999, ("bar",))[0].save(tmp_path / place)
    left = "left out: 3 images in no class's folder (0.png, 1.png, loose.png)"
    assert user_dataset(f"folder:{tmp_path}/s").notes()[1:] == (left,)
    assert user_dataset(f"folder:{tmp_path}/s/train").notes()[1:] == (
        "left out: 2 images in no class's folder (0.png, 1.png)",
    )


@pytest.mark.parametrize("split", ["test", "val", "train"])
def test_a_split_without_folders_of_classes_is_refused_by_its_name(split, tmp_path):
    for each in ("train", "val", "test"):
        write_folder(tmp_path / "some", 20).rename(tmp_path / each)
    for number, path in enumerate(sorted((tmp_path / split).glob("*/*"))):
        path.rename(tmp_path / split / f"{number}.png")
    said = refusal(f"folder:{tmp_path}")
    assert f"/{split}' has no sub-folder with images, 20 images beside them; allowed: a sub-folder for" in said
    assert (f", or no {split} (" in said) == (split != "train")


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


@pytest.mark.parametrize("names", [("train", "dev"), ("holdout", "training"), ("val", "test"), ("circle", "test")])
def test_folders_of_classes_called_after_splits_are_no_classes_themselves(names, tmp_path):
    for number, name in enumerate(names):
        write_folder(tmp_path / "some", 20 + number).rename(tmp_path / name)
    said = refusal(f"folder:{tmp_path}")
    assert f"has folders {', '.join(sorted(names))}; allowed: all or none called after splits, each once: train" in said
    for name in names:  # a class that is really called so
        for path in sorted((tmp_path / name).glob("*/*")):
            path.rename(tmp_path / name / f"{path.parent.name}{path.name}")
    assert user_dataset(f"folder:{tmp_path}").class_names == tuple(sorted(names))
