"""Who may import whom, between the packages and within them.

tasks know hw_model, benchmarks know all, hw_model and nas_algos know nobody.
"""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter
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


def sources() -> dict[str, str]:
    """The text of every module of ours by its name; a package's is its __init__'s."""
    paths = [path for package in OURS for path in (ROOT / package).rglob("*.py")]
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths}
    return {name.removesuffix(".__init__"): path.read_text() for name, path in names.items()}


def import_graph(modules: dict[str, str]) -> dict[str, set[str]]:
    """The modules of these that each imports, at its top or inside a function."""
    graph = {}
    for name, source in modules.items():
        graph[name] = set()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                graph[name] |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                graph[name] |= inner & modules.keys() or {node.module}
        graph[name] &= modules.keys()
    return graph


def find_circle(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def rooms(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """The folders below a package that each of them imports; modules beside them belong to none."""
    folders = {".".join(name.split(".")[:2]) for name in graph if name.count(".") > 1}
    found = {folder: set() for folder in folders}
    for name, others in graph.items():
        if (own := ".".join(name.split(".")[:2])) in folders:
            found[own] |= {".".join(other.split(".")[:2]) for other in others} & folders - {own}
    return found


def inside(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def climbing_imports(graph: dict[str, set[str]]) -> set[tuple[str, str]]:
    """Imports of a command from anywhere but the command line."""
    return {
        (name, other)
        for name, others in graph.items()
        for other in others
        if inside(other, "benchmarks.commands") and name != "benchmarks.cli"
    }


def experiments_as_library(graph: dict[str, set[str]]) -> set[tuple[str, str]]:
    """Imports of an experiment from another one, or from what is no command and no page about its results."""
    return {
        (name, other)
        for name, others in graph.items()
        for other in others
        if inside(other, "benchmarks.experiments")
        and not inside(name, "benchmarks.commands", "benchmarks.report", "benchmarks.experiments.registry")
        and not inside(name, ".".join(other.split(".")[:3]))
        and not inside(other, "benchmarks.experiments.registry")
    }


def scripts(modules: dict[str, str]) -> set[str]:
    """Modules that do something when they are run by themselves."""
    return {name for name, source in modules.items() if '\nif __name__ == "__main__"' in source}


def test_no_modules_import_each_other_in_a_circle():
    graph = import_graph(sources())
    assert len(graph) > 200
    assert sum(map(len, graph.values())) > 500
    assert find_circle(graph) == []


def test_no_folders_of_a_package_import_each_other_in_a_circle():
    found = rooms(import_graph(sources()))
    assert len(found) > 20
    assert find_circle(found) == []


def test_commands_are_imported_by_the_command_line_alone():
    graph = import_graph(sources())
    assert any(inside(other, "benchmarks.commands") for other in graph["benchmarks.cli"])
    assert climbing_imports(graph) == set()


def test_no_experiment_is_a_library():
    assert experiments_as_library(import_graph(sources())) == set()


def test_nothing_but_the_command_line_is_a_script():
    # but what `make` runs before anything is installed, and what runs where nothing is: the peer, which a Python
    # without any of ours runs, and cohorts on a bare machine
    others = {"tasks.data.packages", "benchmarks.timings.training_peer", "benchmarks.tables.cohort_run"}
    assert scripts(sources()) == {"benchmarks.cli", "accelnas.__main__", *others}


def strangers(folders: set[Path], packages: set[Path]) -> set[Path]:
    """Folders of tests that are no package's, below those of the packages."""
    return {folder for folder in folders if folder.parts and folder.parts[0] in OURS and folder not in packages}


def test_tests_lie_as_what_they_test():
    folders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    packages = {path.parent.relative_to(ROOT) for package in OURS for path in (ROOT / package).rglob("*.py")}
    assert len(folders & packages) > 15
    assert strangers(folders, packages) == set()
    moved = Path("hw_model") / "of_old"
    assert strangers({*folders, moved}, packages) == {moved}


def test_the_checks_see_what_they_forbid():
    one, other = "benchmarks.experiments.one", "benchmarks.experiments.other"
    modules = {
        "a": "def f():\n    from b import g",
        "b": "import c.d",
        "c.d": "from a import f",
        "benchmarks.commands.search": "import a",
        "benchmarks.cli": "from benchmarks.commands import search",
        "benchmarks.search.run": f"from {one}.run import x\nfrom benchmarks.commands.search import y",
        f"{one}.run": f"from {one} import table",
        f"{one}.table": 'x = 1\nif __name__ == "__main__":\n    pass',
        f"{other}.run": f"from {one}.run import x",
        "benchmarks.report.pages": f"from {one}.table import z",
    }
    graph = import_graph(modules)
    assert graph["b"] == {"c.d"}
    assert graph[f"{one}.run"] == {f"{one}.table"}
    assert set(find_circle(graph)) == {"a", "b", "c.d"}
    assert find_circle({"a": {"b"}, "b": set()}) == []
    assert climbing_imports(graph) == {("benchmarks.search.run", "benchmarks.commands.search")}
    assert rooms(graph)["benchmarks.search"] == {"benchmarks.experiments", "benchmarks.commands"}
    assert rooms({"p.x.a": {"p.y.b", "p.z"}, "p.y.b": {"p.x.c"}, "p.z": set()}) == {"p.x": {"p.y"}, "p.y": {"p.x"}}
    assert experiments_as_library(graph) == {("benchmarks.search.run", f"{one}.run"), (f"{other}.run", f"{one}.run")}
    assert scripts(modules) == {f"{one}.table"}


OPTIONAL = {
    "benchmarks/runtime/ray_executor.py": {"ray"},
    "benchmarks/runtime/ray_worker.py": {"ray"},
    "benchmarks/experiments/ray/run.py": {"ray"},
    "benchmarks/search/peers.py": {"pymoo", "optuna", "syne_tune"},
    "benchmarks/timings/training_peer.py": {"torch"},
    "nas_algos/strategies/optuna_sampler.py": {"optuna"},
    "tasks/deployment/litert.py": {"ai_edge_litert"},
    "tasks/deployment/quantise.py": {"ai_edge_quantizer"},
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
