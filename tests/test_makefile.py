"""`make clean` and `make distclean` in a folder that has trainings."""

import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parent.parent / "Makefile"


@pytest.fixture
def folder(tmp_path):
    shutil.copy(MAKEFILE, tmp_path / "Makefile")
    for name in (".accelnas", ".venv", "build"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "store.sqlite").write_text("days of trainings")
    return tmp_path


def make(folder, *arguments, typed=""):
    done = subprocess.run(["make", *arguments], cwd=folder, input=typed, capture_output=True, text=True)
    return done.returncode, done.stdout


def test_clean_keeps_trainings(folder):
    assert make(folder, "clean")[0] == 0
    assert not (folder / ".venv").exists()
    assert not (folder / "build").exists()
    assert (folder / ".accelnas" / "store.sqlite").read_text() == "days of trainings"


@pytest.mark.parametrize("typed", ["", "no\n", "\n"])
def test_distclean_says_what_it_deletes_and_deletes_nothing_without_a_yes(folder, typed):
    code, printed = make(folder, "distclean", typed=typed)
    assert code != 0
    assert ".accelnas/store.sqlite" in printed
    assert "nothing was deleted" in printed
    assert (folder / ".accelnas" / "store.sqlite").exists()
    assert (folder / ".venv").exists()


@pytest.mark.parametrize(("arguments", "typed"), [(["CONFIRM=yes"], ""), ([], "yes\n")])
def test_distclean_deletes_after_a_yes(folder, arguments, typed):
    code, printed = make(folder, "distclean", *arguments, typed=typed)
    assert code == 0
    assert ".accelnas/store.sqlite" in printed
    assert not (folder / ".accelnas").exists()
    assert not (folder / ".venv").exists()
