"""A user's package with a strategy in it, built and installed as users do, without a network."""

import subprocess
import sys
import zipfile
from pathlib import Path


def wheel_of(folder, text, entry="climber = climber:strategy") -> Path:
    """A wheel of one module, written as the wheel format says, so that no build backend is needed."""
    about = "climber-1.dist-info/"
    files = {
        "climber.py": text,
        about + "METADATA": "Metadata-Version: 2.1\nName: climber\nVersion: 1\n",
        about + "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        about + "entry_points.txt": f"[accelnas.strategies]\n{entry}\n",
    }
    files[about + "RECORD"] = "".join(f"{name},,\n" for name in [*files, about + "RECORD"])
    path = folder / "climber-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
    return path


def install_without_network(wheel: Path, site: Path) -> None:
    """Have pip install a wheel into a folder of its own."""
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)


def unpacked(folder: Path, text: str, monkeypatch, *entry: str) -> str:
    """The wheel's files where pip would put them; the path of the module."""
    site = folder / "site"
    with zipfile.ZipFile(wheel_of(folder, text, *entry)) as wheel:
        wheel.extractall(site)
    monkeypatch.syspath_prepend(site)
    monkeypatch.delitem(sys.modules, "climber", raising=False)
    return str(site / "climber.py")
