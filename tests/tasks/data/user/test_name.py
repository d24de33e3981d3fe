"""What people call their data."""

import re

import pytest

from tasks.data.datasets import get_dataset, short_name
from tasks.data.user.name import is_user_name, parse_name
from tasks.errors import TaskInputError


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
