"""The package that users import, and the command: their public names, what they load, what they withstand."""

import ast
import importlib.metadata
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import accelnas
from benchmarks.experiments.registry import EXPERIMENTS
from benchmarks.tables.files import SHIPPED, design_file, table_file, winners_file
from tasks.registry import TASKS
from tests import cli
from tests.cli import accelnas_process

ROOT = Path(accelnas.__file__).parent.parent
HEAVY = ("jax", "flax", "optax", "orbax", "ethosu", "numpy", "scipy", "pandas", "pyarrow", "matplotlib", "PIL", "rich")
CLASHING = ("tasks", "benchmarks", "hw_model", "nas_algos")


def run(code, folder):
    """What Python says to `code` in a folder, which is first in its path."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *code], capture_output=True, text=True, cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_public_name_is_there_documented_and_known_to_type_checkers():
    static = {}
    for node in ast.walk(ast.parse((ROOT / "accelnas/__init__.py").read_text())):
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in CLASHING:
            static[node.module] = tuple(alias.name for alias in node.names)
    assert static == accelnas._MODULES
    assert sorted(name for names in static.values() for name in names) == accelnas.__all__
    assert set(accelnas.__all__) <= set(dir(accelnas))
    for name in accelnas.__all__:
        assert getattr(accelnas, name).__doc__
    with pytest.raises(AttributeError, match="module 'accelnas' has no attribute 'torch'"):
        _ = accelnas.torch
    assert (ROOT / "accelnas/py.typed").exists()


HELP = """
import contextlib, io, sys
from accelnas.__main__ import main
sys.argv = ["accelnas", "--help"]
with contextlib.redirect_stdout(io.StringIO()) as text, contextlib.suppress(SystemExit):
    main()
assert "reproduce" in text.getvalue()
"""


@pytest.mark.parametrize("code", ["import accelnas", HELP], ids=["import", "help"])
def test_neither_the_import_nor_the_help_loads_what_is_slow(code, tmp_path):
    told = f"{code}\nimport sys, time\nprint(*(m for m in {HEAVY} if m in sys.modules))\nprint(time.process_time())"
    loaded, seconds = zip(*(run(["-c", told], tmp_path).splitlines() for _ in range(3)), strict=True)
    assert set(loaded) == {""}
    # of the processor, which other work on the machine sways less than the clock; .05 and .35 on a busy machine, where
    # jax alone would take more than this
    assert min(map(float, seconds)) < 1
    assert run(["-c", f"import jax\n{told}"], tmp_path).splitlines()[0] != ""


@pytest.fixture
def hostile(tmp_path):
    """A folder with modules of our packages' names."""
    for name in CLASHING[:2]:
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('this is not the module that was meant')")
    for name in CLASHING[2:]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('nor is this')")
    return tmp_path


def test_modules_of_our_names_in_the_users_folder_break_no_command(hostile):
    assert "npu-p64" in run(["-m", "accelnas", "cost", "ds_cnn", "--accelerator", "npu-p64"], hostile)


def test_modules_of_our_names_in_the_users_folder_break_no_import(hostile):
    code = "import accelnas\nprint(accelnas.SearchSpace.__module__, accelnas.BenchmarkInputError.__module__)"
    assert run(["-c", code], hostile).split() == ["tasks.spaces.space", "benchmarks.errors"]


WORKERS = """
import accelnas
from benchmarks.runtime.executor import LocalExecutor
from mine import job

if __name__ == "__main__":
    with LocalExecutor(1) as executor:
        print(executor.submit(job, 20).result())
"""
JOB = """
def job(state, value, report):
    from tasks.fidelity import Fidelity
    return value + len(Fidelity.__name__)
"""


@pytest.mark.parametrize("how", [["script.py"], ["-m", "script"]])
def test_modules_of_our_names_in_the_users_folder_break_no_worker(hostile, how):
    (hostile / "script.py").write_text(WORKERS)
    (hostile / "mine.py").write_text(JOB)
    assert run(how, hostile).strip() == "28"


def test_the_commands_own_workers_find_our_packages(hostile):
    # the module that a process was started with is loaded anew in its workers, but for a package's __main__
    (hostile / "app").mkdir()
    (hostile / "app/__main__.py").write_text(WORKERS)
    (hostile / "mine.py").write_text(JOB)
    assert run(["-m", "app"], hostile).strip() == "28"


def test_a_module_of_such_a_name_that_was_imported_before_is_named(tmp_path):
    (tmp_path / "tasks.py").write_text("")
    code = "import tasks\ntry:\n    import accelnas\nexcept ImportError as error:\n    print(error)"
    assert f"module 'tasks' is {tmp_path / 'tasks.py'} here" in run(["-c", code], tmp_path)


def test_an_installation_holds_the_trained_tables_their_surrogates_and_what_experiments_read_of_one_another():
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["results"]
    held = {path for pattern in patterns for path in SHIPPED.glob(pattern)}
    for task in TASKS:
        assert {table_file(SHIPPED, task), SHIPPED / "surrogate" / f"{task}.npz"} <= held
        assert {design_file(SHIPPED, task), winners_file(SHIPPED, task)} <= held
    read = ("provenance.csv", "tables/gpu.csv", "zero_shot/zero_shot_scores.csv", "ray/ray.csv", "timings/store.csv")
    assert {SHIPPED / name for name in read} <= held
    written = {SHIPPED / each.shelf / name for each in EXPERIMENTS.values() for name in each.files}
    assert {path for path in written if path.suffix == ".csv" and path.exists()} <= held
    assert sum(path.stat().st_size for path in held) < 6e6


def test_the_version_is_told():
    assert accelnas_process("--version") == (0, f"accelnas {importlib.metadata.version('accelnas')}\n", "")


def test_what_xla_thinks_of_itself_does_not_stand_between_results(monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    assert cli.accelnas("--version")[0] == 0
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")  # asked for, it does
    assert cli.accelnas("--version")[0] == 0
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"
