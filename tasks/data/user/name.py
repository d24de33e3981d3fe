"""The name of a data set that somebody brings: KIND:WHERE, and settings after a question mark, as in a web address.

folder:flowers                   images by class in sub-folders
folder:signs?side=96x160         the same, 96 pixels high and 160 wide
coco:boxes.json?side=128         objects with boxes, and masks where all of them have one
masks:roads?background=no        images/ and masks/, whose values are classes
tfds:cifar10?side=32             what tensorflow-datasets has prepared
mine.py                          a Python file that defines DATASET
entry:NAME                       the same of an installed package
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tasks.data.settings import SIDE
from tasks.errors import TaskInputError
from tasks.sides import Side, as_side, is_side

LEAST_SIDE, MOST_SIDE = 16, 256
"""Pixels that images may be brought to."""


@dataclass(frozen=True)
class Options:
    """What may follow the question mark."""

    side: Side = SIDE
    """Pixels that images are brought to, whatever shape they had."""
    channels: int = 3
    """3 for colour, 1 for grey."""
    background: bool = True
    """masks: whether value 0 is what belongs to no class."""
    group: str = ""
    """Files of a folder whose names agree before this text are of one photograph or film, and stay in one split.

    "/": those of a folder are, whatever they are called.
    """
    images: str = ""
    """coco: the folder of the images, where it is none of the usual ones."""


_BY_FILE = ("side", "channels", "group")
ALLOWED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "folder": _BY_FILE,
        "coco": (*_BY_FILE, "images"),
        "masks": (*_BY_FILE, "background"),
        "tfds": ("side", "channels"),
        "py": (),
        "entry": (),
    }
)
"""The kinds, and the settings of each."""
FORMS = "folder:PATH, coco:FILE.json, masks:PATH, tfds:NAME, FILE.py"


@dataclass(frozen=True)
class Name:
    """A name, taken apart."""

    kind: str
    """A key of ALLOWED."""
    where: str
    """An absolute path, a builder's name or an entry point's."""
    options: Options = Options()
    """Its settings."""

    def __str__(self) -> str:
        """The one way to write it, which holds in any folder."""
        changed = [
            f"{each.name}={_written(value)}"
            for each in fields(Options)
            if (value := getattr(self.options, each.name)) != each.default
        ]
        head = self.where if self.kind == "py" else f"{self.kind}:{self.where}"
        return head + ("?" + "&".join(changed) if changed else "")

    @property
    def short(self) -> str:
        """For the names of files: the kind, and the last part of where it is."""
        last = Path(self.where).stem or "data"
        return f"{self.kind}_" + "".join(each if each.isalnum() or each in "-_." else "_" for each in last)[:40]


def is_user_name(name: str) -> bool:
    """Whether a data set's name says that somebody brings it."""
    head = name.partition("?")[0]
    return head.endswith(".py") or head.partition(":")[0] in ALLOWED.keys() - {"py"}


def parse_name(name: str) -> Name:
    """Take a name apart; paths become absolute.  Raises TaskInputError, saying what is allowed."""
    head, _, query = name.partition("?")
    kind, _, where = head.partition(":") if not head.endswith(".py") or head.startswith("entry:") else ("py", "", head)
    if not where:
        raise TaskInputError(f"data set {name[:80]!r} says no place; allowed: {FORMS}")
    if kind not in ("tfds", "entry"):
        try:
            where = str(Path(where).expanduser().absolute())
        except (OSError, RuntimeError, ValueError) as error:
            raise TaskInputError(f"data set {name[:80]!r}: {error}") from error
    given = {}
    for text in filter(None, query.split("&")):
        setting, equals, value = text.partition("=")
        if not equals or setting not in ALLOWED[kind]:
            allowed = ", ".join(f"{each}=..." for each in ALLOWED[kind]) or "nothing, as the file says all"
            raise TaskInputError(f"data set {name[:80]!r}: after the question mark {text[:40]!r}; allowed: {allowed}")
        given[setting] = _read(setting, value)
    return Name(kind, where, replace(Options(), **given))


def _read(setting: str, value: str) -> Any:
    if setting == "background":
        if value not in ("yes", "no"):
            raise TaskInputError(f"background is {value[:40]!r}; allowed: yes, no")
        return value == "yes"
    if setting in ("group", "images"):
        if not value:
            raise TaskInputError(f"{setting} is empty; allowed: a text")
        if setting == "group" and "/" in value and value != "/":
            raise TaskInputError(
                f"group is {value[:40]!r}; allowed: a text of files' names without a slash, or / for a folder a film"
            )
        return value if setting == "group" else str(Path(value).expanduser().absolute())
    if setting == "side":
        return _read_side(value)
    number = _whole(value)
    if number not in (1, 3):
        raise TaskInputError(f"channels is {value[:40]!r}; allowed: 1, 3")
    return number


def _read_side(value: str) -> Side:
    height, _, width = value.partition("x")
    side = as_side(_whole(height), _whole(width or height))
    if not is_side(side, LEAST_SIDE, MOST_SIDE) or value.endswith("x"):
        raise TaskInputError(
            f"side is {value[:40]!r}; allowed: whole numbers {LEAST_SIDE} to {MOST_SIDE}, or two, HEIGHTxWIDTH"
        )
    return side


def _whole(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 9 else -1


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
