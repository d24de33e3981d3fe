"""Where a result comes from: code, libraries and machine, but no names of hosts or users."""

from __future__ import annotations

import functools
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from hw_model.processor import cpu_model, usable_threads

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Provenance:
    """What made a result; a text is "unknown" where that was not recorded."""

    commit: str
    """Of this repository, 12 digits, with "+" where files differed from it; "release X" where there is none."""
    jax: str
    """Version of JAX."""
    jaxlib: str
    """Version of its compiled part."""
    vela: str
    """Version of the Ethos-U compiler."""
    device: str
    """Model of the CPU or GPU that computed it."""
    threads: int
    """CPU threads that the process could use; 0 where unknown."""


@functools.cache
def current_provenance() -> Provenance:
    """What this process makes results with; starts JAX, if nothing has."""
    import jax  # who only reads results need not wait for it

    device = jax.devices()[0].device_kind
    return Provenance(
        commit=_commit(),
        jax=jax.__version__,
        jaxlib=metadata.version("jaxlib"),
        vela=metadata.version("ethos-u-vela"),
        device=cpu_model() if device == "cpu" else device,
        threads=usable_threads(),
    )


def _commit() -> str:
    try:
        top = _git("rev-parse", "--show-toplevel")
        if Path(top).resolve() == _ROOT.resolve():  # not a user's repository that we are installed within
            changed = _git("status", "--porcelain", "--untracked-files=no")
            return _git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.SubprocessError):
        pass
    try:
        return f"release {metadata.version('accelnas')}"
    except metadata.PackageNotFoundError:
        return "unknown"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(_ROOT), *arguments], capture_output=True, text=True, timeout=20, check=True)
    return done.stdout.strip()
