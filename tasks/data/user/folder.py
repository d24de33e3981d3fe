"""folder:PATH: images by class in sub-folders, or those below folders train, val and test."""

from __future__ import annotations

from collections.abc import Iterator, Set
from functools import partial
from pathlib import Path

from tasks.data.user.images import is_hidden, is_image, load_image, to_array
from tasks.data.user.name import Options
from tasks.data.user.source import Example, FileSource, Item, with_digests
from tasks.data.user.split import complete, split_notes, split_of
from tasks.errors import TaskInputError
from tasks.sides import Side


def scan_folder(path: Path, options: Options) -> FileSource:
    """What is below the folder.  Raises TaskInputError where that is not images of two classes and more."""
    folders = sub_folders(path)
    by_split = splits_among(folders)
    classes_in = {split: sub_folders(folder) for split, folder in by_split.items()} if by_split else {"": folders}
    images = {split: {each.name: images_below(each) for each in found} for split, found in classes_in.items()}
    for split, folder in by_split.items():
        if not any(images[split].values()):
            loose = sum(map(is_image, folder.iterdir()))
            drawn = "" if split == "train" else f", or no {folder.name} ({split} is drawn from train then)"
            raise TaskInputError(
                f"{str(folder)[-80:]!r} has no sub-folder with images, {loose} images beside them; allowed: a "
                f"sub-folder for each class{drawn}"
            )
    names = sorted({name for found in images.values() for name, files in found.items() if files})
    if len(names) < 2:
        loose = sum(is_image(each) for each in path.iterdir())
        have = f"{len(names)} sub-folder{'s' * (len(names) != 1)} with images, {loose} images beside them"
        raise TaskInputError(f"{str(path)[-120:]!r} has {have}; allowed: a sub-folder for each of two classes and more")
    depth = 2 if by_split else 1

    def item(file: Path, label: int) -> Item:
        within = file.relative_to(path)
        return Item(file, str(within), label, below=str(Path(*within.parts[depth:])))

    items = {
        split: with_digests([item(file, label) for label, name in enumerate(names) for file in found.get(name, ())])
        for split, found in images.items()
    }
    given = items if by_split else {"train": items[""]}
    splits = complete(given, options.group)
    untrained = set(range(len(names))) - {item.label for item in splits["train"]}
    if untrained:
        raise TaskInputError(f"class {names[min(untrained)][:60]!r} has no training image; allowed: one and more")
    used = {item.path for each in splits.values() for item in each}
    return FileSource(
        ("classification",),
        tuple(name.encode(errors="replace").decode() for name in names),  # another file system's may be no text
        options.side,
        options.channels,
        splits,
        partial(_decode, side=options.side, channels=options.channels),
        notes=(*left_out(path, used), *split_notes(given, splits, options.group)),
    )


def _decode(item: Item, side: Side, channels: int) -> Example:
    return Example(to_array(load_image(item.path), side, channels), item.label)


def sub_folders(path: Path) -> list[Path]:
    """In the order of their names, without hidden ones.  Raises TaskInputError for what is no folder."""
    try:
        return sorted(each for each in path.iterdir() if each.is_dir() and not each.name.startswith("."))
    except OSError as error:
        raise TaskInputError(f"{str(path)[-120:]!r}: {error.strerror or error}; allowed: a folder") from error


def splits_among(folders: list[Path], may_be_classes: bool = True) -> dict[str, Path]:
    """Folders by the splits that they are called after; nothing unless all with images are, train among them.

    may_be_classes: whether one called after a split may be a class, which holds images itself.  Raises TaskInputError
    where some folders are splits, and others are none or train is not there: those held out would be trained on.
    """
    folders = [each for each in folders if split_of(each.name) or any(map(is_image, _files_below(each)))]
    found = {split: folder for folder in folders if (split := split_of(folder.name))}
    trained = "train" in found
    if trained and len(found) == len(folders):
        return found
    splits = [folder for folder in found.values() if not may_be_classes or _holds_folders(folder)]
    if splits or (trained and len(found) > 1):
        names = ", ".join(each.name for each in folders)
        raise TaskInputError(
            f"{str(folders[0].parent)[-80:]!r} has folders {names[:80]}; allowed: all or none called after splits, "
            "each once: train, with it val (validation), test"
        )
    return {}


def _holds_folders(folder: Path) -> bool:
    """Whether there are images below its folders, and none in itself."""
    return not any(map(is_image, folder.iterdir())) and any(map(is_image, _files_below(folder)))


def images_below(folder: Path) -> list[Path]:
    """Image files at any depth, in the order of their paths; nothing hidden, nor of hidden folders."""
    return sorted(filter(is_image, _files_below(folder)))


def _files_below(folder: Path) -> Iterator[Path]:
    return (each for each in folder.rglob("*") if not is_hidden(each, folder) and each.is_file())


def left_out(path: Path, used: Set[Path]) -> tuple[str, ...]:
    """Lines on files that are no images, and on images that are none of a class, if there are any."""
    others = [each for each in _files_below(path) if each not in used]
    return (
        *_counted([each for each in others if not is_image(each)], "file that is no image", "files that are no images"),
        *_counted(list(filter(is_image, others)), "image in no class's folder", "images in no class's folder"),
    )


def _counted(files: list[Path], one: str, many: str) -> tuple[str, ...]:
    names = ", ".join(sorted(each.name for each in files)[:3])
    return (f"left out: {len(files)} {one if len(files) == 1 else many} ({names[:80]})",) if files else ()
