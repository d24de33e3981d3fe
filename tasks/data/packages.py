"""Debian's packages of images: installed where that is allowed, else unpacked below the suite's home, without root.

    python -m tasks.data.packages          # what `make data` runs
    python -m tasks.data.packages stamps   # also Tux Paint's stamps, 161 MB

Only the standard library is used, so that this runs before anything is installed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hw_model.files import default_home

FASHION_MNIST = "usr/share/datasets/fashion-mnist"
PHOTOGRAPHS = "usr/share/backgrounds"
STAMPS = "usr/share/tuxpaint/stamps"


@dataclass(frozen=True)
class Package:
    """A Debian package of images."""

    name: str
    path: str
    """Below the root: there if the package is."""
    variable: str
    """Of the environment: names another place for what the package holds."""
    kept: str = ""
    """Below the suite's home: where there is this, the package is not needed."""


PACKAGES = (
    Package(
        "dataset-fashion-mnist",
        f"{FASHION_MNIST}/t10k-labels-idx1-ubyte.gz",
        "ACCELNAS_FASHION_MNIST",
        "data/fashion-mnist/t10k-labels-idx1-ubyte.gz",
    ),
    Package(
        "lomiri-wallpapers-16.04",
        f"{PHOTOGRAPHS}/Bridge_by_Sander_Klootwijk.jpg",
        "ACCELNAS_PHOTOGRAPHS",
        "data/photographs.npz",
    ),
    Package("mate-backgrounds", f"{PHOTOGRAPHS}/mate/nature/Aqua.jpg", "ACCELNAS_PHOTOGRAPHS", "data/photographs.npz"),
)
STAMP_PACKAGE = Package("tuxpaint-stamps-default", f"{STAMPS}/animals", "ACCELNAS_STAMPS")

ROOT = Path("/")
GET = "python -m tasks.data.packages"


class PackageError(Exception):
    """Packages could not be had; the message is one line that says why."""


def find(path: str, home: Path) -> Path:
    """Where a path of a package is: below the root, else below the suite's home, whether it exists there or not."""
    installed = ROOT / path
    return installed if installed.exists() else home / "packages" / path


def get(packages: Sequence[Package], home: Path) -> None:
    """Install what is missing of the packages, as root; as anybody else unpack it below ``home / "packages"``.

    Raises:
        PackageError: there is no apt-get, or it failed.
    """
    missing = [package for package in packages if not _is_there(package, home)]
    if not missing:
        return
    try:
        _get([package.name for package in missing], home)
    except PackageError as error:
        variables = " and ".join(dict.fromkeys(package.variable for package in missing))
        raise PackageError(f"{error}; or set {variables} to what another machine has") from error


def _is_there(package: Package, home: Path) -> bool:
    elsewhere = os.environ.get(package.variable) or (package.kept and (home / package.kept).exists())
    return bool(elsewhere) or find(package.path, home).exists()


def _get(missing: Sequence[str], home: Path) -> None:
    if shutil.which("apt-get") is None:
        raise PackageError(f"there is no apt-get here: install what is in Debian's {', '.join(missing)}")
    if os.geteuid() == 0:
        _run(["apt-get", "update", "-qq"])
        _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing])
    else:
        _unpack(missing, home.resolve() / "packages")


def _unpack(names: Sequence[str], folder: Path) -> None:
    archives, lists = folder / "archives", folder / "lists"
    for needed in (archives, lists / "partial"):
        needed.mkdir(parents=True, exist_ok=True)
    apt_get = ["apt-get", "-qq", "-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={folder}"]
    _run([*apt_get, "-o", "Debug::NoLocking=true", "update"])
    _run([*apt_get, "download", *names], archives)
    for archive in sorted(archives.glob("*.deb")):
        _run(["dpkg-deb", "-x", str(archive), str(folder)])
    shutil.rmtree(archives)
    shutil.rmtree(lists)


def _run(command: Sequence[str], folder: Path | None = None) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    except OSError as error:
        raise PackageError(f"{command[0]} cannot be run ({error.strerror or error})") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[0]
        raise PackageError(f"`{command[0]} ... {' '.join(command[-2:])}` failed: {said[:120]}")


def main(arguments: Sequence[str], home: Path) -> int:
    """Get the packages, with the word ``stamps`` those too; 0 when they are there, else 2 and one line."""
    if unknown := [word for word in arguments if word != "stamps"]:
        print(f"accelnas: unknown argument {unknown[0]!r}; allowed: stamps", file=sys.stderr)
        return 2
    try:
        get((*PACKAGES, STAMP_PACKAGE) if arguments else PACKAGES, home)
    except PackageError as error:
        print(f"accelnas: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], default_home()))
