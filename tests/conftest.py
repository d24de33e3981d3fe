"""What all tests share: quick compilation, one cache of what is compiled, and a core for each of xdist's processes."""

import fcntl
import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import settings

from tasks.data.photographs import VARIABLE, find_photographs

# Tests compile far more than they run: XLA's older code generator and none of LLVM's optimisations take a third of the
# time, here and in the commands that tests run; results differ in the last bits.  A program is compiled once a run.
# So does generating each program's code in one piece: XLA splits it for as many threads as a large machine has.
# From jaxlib 0.11 the older generator is gone, and XLA ends a process that names it.
OLDER_GENERATOR = tuple(map(int, version("jaxlib").split(".")[:2])) < (0, 11)
COMPILATION = {
    "XLA_FLAGS": "--xla_llvm_disable_expensive_passes=true --xla_backend_optimization_level=0"
    + " --xla_cpu_parallel_codegen_split_count=1"
    + " --xla_cpu_use_fusion_emitters=false" * OLDER_GENERATOR,
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.05",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
for name, value in COMPILATION.items():
    os.environ.setdefault(name, value)
# xdist's processes inherit the folder of the process that starts them, which removes it when all is done
CACHE = "JAX_COMPILATION_CACHE_DIR"
OURS = None if CACHE in os.environ else tempfile.TemporaryDirectory(prefix="accelnas-compilations-")
if OURS is not None:
    os.environ[CACHE] = OURS.name

# Modules are compiled once, not by every process that tests start, even where the environment asks for that.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The garbage collector walks through all that tracing leaves, a twentieth of the time, and finds little.
gc.set_threshold(50_000, 20, 100)

# Where every core has a process of xdist's, commands that train start one worker each: two would compile a network
# twice, at the same time, and wait for each other's core.
if hasattr(os, "sched_setaffinity") and "PYTEST_XDIST_WORKER" in os.environ:
    CORES = sorted(os.sched_getaffinity(0))
    if int(os.environ["PYTEST_XDIST_WORKER_COUNT"]) >= len(CORES):
        os.sched_setaffinity(0, {CORES[int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")) % len(CORES)]})


# a busy machine takes long, and what is drawn is the same each time
settings.register_profile("ours", deadline=None, derandomize=True)
settings.load_profile("ours")


@pytest.fixture(scope="session")
def photographs_file() -> Iterator[Path]:
    """The reduced photographs, which take seconds to make and are made once a run, where ACCELNAS_PHOTOGRAPHS says."""
    home = Path(os.environ[CACHE]) / "photographs"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE, raising=False)
        with open(f"{home}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            patch.setenv(VARIABLE, str(find_photographs(home)))
        yield Path(os.environ[VARIABLE])


@pytest.fixture
def without_workers(monkeypatch):
    """Trainings and other jobs of commands run in this process."""
    from tests.inline_executor import InlineExecutor  # only where JAX is wanted

    for place in ("evaluators.trained", "runtime.jobs"):
        monkeypatch.setattr(f"benchmarks.{place}.LocalExecutor", InlineExecutor)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure():
    if OURS is not None:
        OURS.cleanup()


def pytest_collection_modifyitems(items):
    """Files with slow tests go first, so that no process is left alone with one at the end."""
    gc.freeze()  # modules stay
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
