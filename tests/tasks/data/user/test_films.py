"""Films that are kept as folders: all frames of one are in one split, and what `group` finds or not is said."""

import json
from itertools import combinations
from pathlib import Path

import pytest

from tasks.data.settings import SPLITS
from tasks.data.user.dataset import user_dataset
from tests.tasks.data.user.generated import SHAPES, write_coco, write_folder, write_masks
from tests.tasks.data.user.preparing import refusal

FILMS, FRAMES = 8, 6


def into_films(folder: Path, names: list[str]) -> dict[str, str]:
    """Move files of a folder, by turns, into film0/frame_0000.png and so on: {old name: new name}."""
    moved = {}
    for number, name in enumerate(names):
        path = Path(f"film{number % FILMS}", f"frame_{number // FILMS:04}{Path(name).suffix}")
        (folder / path.parent).mkdir(exist_ok=True)
        (folder / name).rename(folder / path)
        moved[name] = str(path)
    return moved


def films(kind: str, path: Path) -> str:
    """FILMS films of FRAMES frames below each class, or below images/: the name of the data set."""
    count = FILMS * FRAMES
    if kind == "folder":
        write_folder(path, count * len(SHAPES))
        for shape in SHAPES:
            into_films(path / shape, sorted(each.name for each in (path / shape).iterdir()))
        return f"folder:{path}"
    if kind == "masks":
        write_masks(path, count)
        for name in ("images", "masks"):
            into_films(path / name, sorted(each.name for each in (path / name).iterdir()))
        return f"masks:{path}"
    file = write_coco(path, count)
    content = json.loads(file.read_text())
    moved = into_films(path / "images", [each["file_name"] for each in content["images"]])
    for each in content["images"]:
        each["file_name"] = moved[each["file_name"]]
    file.write_text(json.dumps(content))
    return f"coco:{file}"


@pytest.mark.parametrize("group", ["/", "_"])
@pytest.mark.parametrize("kind", ["folder", "masks", "coco"])
def test_a_film_that_is_a_folder_is_in_one_split_though_frames_of_all_are_called_alike(kind, group, tmp_path):
    dataset = user_dataset(f"{films(kind, tmp_path / 'data')}?side=16&group={group}")
    found = {split: {Path(item.name).parent.name for item in dataset.source.splits[split]} for split in SPLITS}
    assert set.union(*found.values()) == {f"film{number}" for number in range(FILMS)}
    assert all(found.values())
    for one, other in combinations(SPLITS, 2):
        assert not found[one] & found[other]
    assert not any("group" in note for note in dataset.notes())


def test_a_class_is_no_film_and_a_group_of_which_no_two_images_are_is_said(tmp_path):
    name = f"folder:{write_folder(tmp_path / 'a', 60)}?side=16"
    alike = {split: len(items) for split, items in user_dataset(name).source.splits.items()}
    for group in ("/", "_"):
        dataset = user_dataset(f"{name}&group={group}")
        assert f"group={group}: no two images are of one group" in dataset.notes()
        assert {split: len(items) for split, items in dataset.source.splits.items()} == alike


def test_a_group_that_all_images_are_of_is_named(tmp_path):
    write_masks(tmp_path / "m", 20)
    for folder in ("images", "masks"):
        for path in sorted((tmp_path / "m" / folder).iterdir()):
            path.rename(path.with_name(f"frame_{path.name}"))
    assert "20 images that group=_ makes 1 group leave none for validation; allowed: 3 groups and more" in refusal(
        f"masks:{tmp_path}/m?group=_"
    )


@pytest.mark.parametrize("year", ["", "2017"])
def test_a_film_of_two_splits_that_are_given_is_refused(year, tmp_path):
    (tmp_path / "all").mkdir()
    for split, first in (("train", 0), ("test", 100)):
        file = write_coco(tmp_path / split, 20)
        content = json.loads(file.read_text())
        for each in content["images"]:
            each["file_name"] = f"{split}{year}/film{first + each['id'] % 5}/{each['file_name']}"
        content["images"][0]["file_name"] = f"{split}{year}/film3/000.jpg"
        (tmp_path / "all" / f"{split}.json").write_text(json.dumps(content))
        for number, each in enumerate(content["images"]):
            path = tmp_path / "all" / each["file_name"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes((tmp_path / split / "images" / f"{number:03}.jpg").read_bytes() + split.encode())
    said = refusal(f"coco:{tmp_path}/all?group=/")
    assert f"'test{year}/film3/000.jpg' of test and 'train{year}/film3/000.jpg' of train are of one group;" in said


@pytest.mark.parametrize("group", ["/images", "film/", "//"])
def test_a_text_with_a_slash_is_in_no_files_name(group, tmp_path):
    said = refusal(f"folder:{tmp_path}?group={group}")
    assert f"group is {group!r}; allowed: a text of files' names without a slash, or / for a folder a film" in said
