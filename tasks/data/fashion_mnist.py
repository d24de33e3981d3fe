"""Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017): where its four files are found, and what is in them.

The files are looked for, in this order, in

1. the folder that the caller or the variable ``ACCELNAS_FASHION_MNIST`` names (then nowhere else),
2. the folder of Debian's package ``dataset-fashion-mnist``, installed or unpacked by tasks.data.packages,
3. ``<home>/data/fashion-mnist``, and if they are missing there they are downloaded into it.

Checksums are of the *decompressed* content: Debian's copies and those of the official repository hold the same bytes
under different gzip headers (name and time), so a checksum of the ``.gz`` would accept only one of the two.
"""

import gzip
import hashlib
import os
import urllib.error
import urllib.request
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from tasks.data import packages
from tasks.data.pools import ItemPool
from tasks.errors import TaskInputError

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
TRAIN_ITEMS = 50_000  # of the train file; the 10,000 after them are for validation
T10K_FIRST = 60_000  # items of the t10k file are named from here on, those of the train file by their place in it

FOLDER_VARIABLE = "ACCELNAS_FASHION_MNIST"
SOURCE_URL = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion"
DOWNLOAD_TIMEOUT_S = 15.0

CONTENT_SHA256 = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}

_WHAT_TO_DO = (
    f"run `{packages.GET}` (Debian, Ubuntu), "
    f"or set {FOLDER_VARIABLE} to a folder that holds {', '.join(CONTENT_SHA256)}"
)


@dataclass(frozen=True)
class Items:
    """Grey images of single fashion items."""

    images: np.ndarray
    """uint8[N, 28, 28], 0 is background."""
    labels: np.ndarray
    """uint8[N] in 0..9."""


def find_folder(home: Path, folder: Path | None = None, *, download: bool = True) -> Path:
    """Return a folder that holds the four files, downloading them into ``home`` where no other has them.

    Args:
        home: the suite's folder for everything it keeps; only a download writes to it.
        folder: look here and nowhere else; by default what the variable ACCELNAS_FASHION_MNIST says, if it is set.
        download: whether the network may be tried.

    Raises:
        TaskInputError: no folder has all four files and they could not be downloaded.
    """
    named = folder or os.environ.get(FOLDER_VARIABLE)
    if named:
        if missing := _missing(Path(named)):
            raise TaskInputError(f"Fashion-MNIST folder {named} lacks {', '.join(missing)}; {_WHAT_TO_DO}")
        return Path(named)
    packaged, kept = packages.find(packages.FASHION_MNIST, home), home / "data" / "fashion-mnist"
    for candidate in (packaged, kept):
        if not _missing(candidate):
            return candidate
    if not download:
        raise TaskInputError(f"Fashion-MNIST is not in {packaged} or {kept}; {_WHAT_TO_DO}")
    for name in _missing(kept):
        _download(name, kept)
    return kept


def read_items(folder: Path, part: Literal["train", "t10k"]) -> Items:
    """Read the 60,000 items of ``train`` or the 10,000 of ``t10k`` from a folder, verifying their checksums.

    Raises:
        TaskInputError: a file is missing, truncated or has other content.
    """
    if part not in ("train", "t10k"):
        raise TaskInputError(f"Fashion-MNIST has no part {part!r}; allowed: train, t10k")
    images = _content(folder / f"{part}-images-idx3-ubyte.gz")
    labels = _content(folder / f"{part}-labels-idx1-ubyte.gz")
    # IDX: a header of 4 bytes and 4 more per axis, then the values; the checksum has already vouched for it.
    return Items(
        images=np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28),
        labels=np.frombuffer(labels, np.uint8, offset=8),
    )


def item_pool(split: str, folder: Path) -> ItemPool:
    """Read the items that a split draws from; no two splits share one.  Raises TaskInputError as ``read_items``."""
    items = read_items(folder, "t10k" if split == "test" else "train")
    chosen = {"train": slice(None, TRAIN_ITEMS), "validation": slice(TRAIN_ITEMS, None), "test": slice(None)}[split]
    first = T10K_FIRST if split == "test" else 0
    indices = first + np.arange(len(items.labels))[chosen]
    return ItemPool(items.images[chosen], items.labels[chosen].astype(np.int64), indices)


def _missing(folder: Path) -> list[str]:
    return [name for name in CONTENT_SHA256 if not (folder / name).is_file()]


def _content(path: Path) -> bytes:
    try:
        compressed = path.read_bytes()
    except OSError as error:
        raise TaskInputError(f"cannot read {path}: {error.strerror or error}; {_WHAT_TO_DO}") from error
    return _verified(compressed, path.name, str(path))


def _verified(compressed: bytes, name: str, where: str) -> bytes:
    try:
        content = gzip.decompress(compressed)
    except (OSError, EOFError, zlib.error) as error:
        raise TaskInputError(f"{where} is damaged ({error}); delete it, then {_WHAT_TO_DO}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != CONTENT_SHA256[name]:
        raise TaskInputError(
            f"{where} is not Fashion-MNIST's {name}: its content has sha256 {found[:12]}..., "
            f"expected {CONTENT_SHA256[name][:12]}...; delete it, then {_WHAT_TO_DO}"
        )
    return content


def _download(name: str, folder: Path) -> None:
    url = f"{SOURCE_URL}/{name}"
    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT_S) as response:
            compressed = response.read()
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise TaskInputError(f"Fashion-MNIST could not be downloaded from {url} ({reason}); {_WHAT_TO_DO}") from error
    _verified(compressed, name, url)
    # Written aside and renamed, so that an interrupted download never leaves half a file under the final name.
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{name}.{os.getpid()}.part"
    partial.write_bytes(compressed)
    partial.replace(folder / name)
