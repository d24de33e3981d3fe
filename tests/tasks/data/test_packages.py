"""Getting Debian's packages of images, with stand-ins for apt-get and dpkg-deb that write down what they are asked."""

import os
from pathlib import Path

import pytest

from tasks.data import packages
from tasks.data.packages import PACKAGES, Package, PackageError, find, get, main

CAT = Package("cats", "usr/share/cats/cat.jpg", "ACCELNAS_CATS", "data/cats.npz")

APT_GET = """#!/bin/sh
echo "apt-get $@" >> $ASKED
case "$*" in
    *download*) touch cats_1.deb;;
    *install*) mkdir -p $ROOT/usr/share/cats; touch $ROOT/usr/share/cats/cat.jpg;;
esac
"""
DPKG_DEB = """#!/bin/sh
echo "dpkg-deb $@" >> $ASKED
mkdir -p $3/usr/share/cats; touch $3/usr/share/cats/cat.jpg
"""


def write_command(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(script)
    (folder / name).chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a root of its own, no apt-get, and no variables set."""
    (tmp_path / "bin").mkdir()
    for variable in ("ACCELNAS_CATS", *(package.variable for package in PACKAGES)):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(packages, "ROOT", tmp_path / "root")
    return tmp_path


@pytest.fixture
def debian(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same with commands that do as apt-get and dpkg-deb would with a package of one image."""
    write_command(machine / "bin", "apt-get", APT_GET)
    write_command(machine / "bin", "dpkg-deb", DPKG_DEB)
    monkeypatch.setenv("PATH", f"{machine / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("ASKED", str(machine / "asked"))
    monkeypatch.setenv("ROOT", str(machine / "root"))
    return machine


def asked(machine: Path) -> list[str]:
    return (machine / "asked").read_text().splitlines() if (machine / "asked").exists() else []


def test_root_installs_what_is_missing(debian: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    get([CAT], debian / "home")
    assert [line.split()[1] for line in asked(debian)] == ["update", "install"]
    assert asked(debian)[1].endswith("--no-install-recommends cats")
    assert find("usr/share/cats", debian / "home") == debian / "root/usr/share/cats"


def test_anybody_else_unpacks_it_below_the_home_and_leaves_no_archive(
    debian: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    get([CAT], debian / "home")
    home = debian / "home" / "packages"
    assert asked(debian)[-1] == f"dpkg-deb -x {home}/archives/cats_1.deb {home}"
    assert not any("install" in line for line in asked(debian))
    assert find("usr/share/cats", debian / "home") == home / "usr/share/cats"
    assert [path.name for path in home.iterdir()] == ["usr"]


def test_what_is_there_already_is_not_asked_for(debian: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (debian / "root/usr/share/cats").mkdir(parents=True)
    (debian / "root/usr/share/cats/cat.jpg").touch()
    get([CAT], debian / "home")
    (debian / "root/usr/share/cats/cat.jpg").unlink()
    monkeypatch.setenv("ACCELNAS_CATS", "elsewhere")
    get([CAT], debian / "home")
    monkeypatch.delenv("ACCELNAS_CATS")
    (debian / "home/data").mkdir(parents=True)
    (debian / "home/data/cats.npz").touch()
    get([CAT], debian / "home")
    assert asked(debian) == []


def test_a_failure_of_apt_is_one_line_with_what_it_said(debian: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_command(debian / "bin", "apt-get", "#!/bin/sh\necho 'E: no network' >&2\necho more >&2\nexit 100\n")
    with pytest.raises(PackageError, match=r"failed: E: no network; or set ACCELNAS_CATS to") as raised:
        get([CAT], debian / "home")
    assert "\n" not in str(raised.value)


def test_without_apt_one_line_says_which_variables_to_set(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], machine / "home") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert len(said) <= 300
    for word in ("no apt-get", "lomiri-wallpapers-16.04", "ACCELNAS_FASHION_MNIST and ACCELNAS_PHOTOGRAPHS"):
        assert word in said


def test_an_unknown_word_is_answered_with_the_one_allowed(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cats"], machine / "home") == 2
    assert capsys.readouterr().err == "accelnas: unknown argument 'cats'; allowed: stamps\n"


def test_the_paths_that_show_packages_are_where_the_readers_look() -> None:
    for package in PACKAGES:
        assert package.path.startswith((packages.FASHION_MNIST, packages.PHOTOGRAPHS))
