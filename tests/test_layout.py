"""Which package may import which: tasks know hw_model, benchmarks know all, hw_model and nas_algos know nobody."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("hw_model", "tasks", "nas_algos", "benchmarks", "accelnas")
ALLOWED = {
    "hw_model": {"hw_model"},
    "nas_algos": {"nas_algos"},
    "tasks": {"tasks", "hw_model"},
    "benchmarks": {"benchmarks", "tasks", "nas_algos", "hw_model"},
    "accelnas": set(OURS),
}


def imported_packages(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", OURS)
def test_packages_import_only_what_the_design_allows(package):
    files = list((ROOT / package).rglob("*.py"))
    assert len(files) > 1
    for path in files:
        forbidden = imported_packages(path.read_text()) & set(OURS) - ALLOWED[package]
        assert not forbidden, f"{path.relative_to(ROOT)} imports {forbidden}"


def test_the_check_sees_imports_inside_functions():
    assert imported_packages("def f():\n    from nas_algos.x import y\n    import tasks.z") == {"nas_algos", "tasks"}


OPTIONAL = {
    "benchmarks/experiments/strategies/peers.py": {"pymoo", "optuna"},
    "benchmarks/timings/training_peer.py": {"torch"},
    "nas_algos/strategies/optuna_sampler.py": {"optuna"},
}


@pytest.mark.parametrize("package", OURS)
def test_what_packages_import_is_installed_with_them(package):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[^\w-]", line)[0] for line in project["dependencies"]}
    distributions = importlib.metadata.packages_distributions()
    for path in (ROOT / package).rglob("*.py"):
        where = str(path.relative_to(ROOT))
        others = imported_packages(path.read_text()) - set(OURS) - sys.stdlib_module_names - OPTIONAL.get(where, set())
        for name in others:
            providers = {provider.replace("_", "-").lower() for provider in distributions[name]}
            assert declared & providers, f"{where} imports {name}; declared: {', '.join(sorted(declared))}"


def test_top_level_holds_only_the_agreed_folders():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    folders = {path.split("/")[0] for path in tracked if "/" in path}
    assert folders <= {
        "accelnas",
        "benchmarks",
        "nas_algos",
        "hw_model",
        "tasks",
        "results",
        "tests",
        "docs",
        "examples",
        ".ci",
    }


def test_the_command_line_loads_neither_tensorflow_nor_pytorch():
    code = "import sys, accelnas.__main__; print([m for m in ('tensorflow', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
