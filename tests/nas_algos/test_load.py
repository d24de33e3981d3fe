import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nas_algos.errors import AlgorithmInputError
from nas_algos.load import build_strategy
from nas_algos.registry import find_strategy, strategy_names

CLIMBER = """
import jax
import jax.numpy as jnp
from nas_algos.genotypes import mutate, sample
from nas_algos.strategy import Strategy

def strategy(cardinalities):
    def init(key):
        return sample(key, cardinalities, 1), jnp.full(1, jnp.inf)

    def ask(state, key):
        return mutate(key, state[0], cardinalities)

    def tell(state, genotypes, scores):
        better = scores < state[1]
        return jnp.where(better[:, None], genotypes, state[0]), jnp.where(better, scores, state[1])

    return Strategy("climber", tuple(cardinalities), init, ask, tell)
"""


def written(folder, text) -> str:
    path = folder / "mine.py"
    path.write_text(text)
    return str(path)


def test_a_file_given_by_path_is_a_strategy(tmp_path):
    path = written(tmp_path, CLIMBER)
    assert build_strategy(path, (3, 4)).name == path


def test_the_climber_has_at_most_twenty_lines_of_code():
    assert len([line for line in CLIMBER.splitlines() if line.strip()]) <= 20


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("mutate(key, state[0], cardinalities)", "state[0][0]", r"ask gave int32\[2\]; the rule is int32\[1, 2\]"),
        ("mutate(key, state[0], cardinalities)", "state[0] + 9", "for decision 0; the rule is 0 to 2"),
        ("mutate(key, state[0], cardinalities)", "state[0] / 2", "ask gave float32"),
        ("mutate(key, state[0], cardinalities)", "state[7]", "ask raised IndexError"),
        ("better = scores < state[1]", "return scores", "tell gave another kind of state"),
        ("better = scores < state[1]", "raise OSError('disk')", "tell raised OSError: disk"),
        ("def strategy", "def tactics", "defines no function strategy"),
        ("import jax\n", "import jacks\n", "the file raised ModuleNotFoundError"),
        ("tuple(cardinalities), init", "(2, 2), init", r"its cardinalities are \(2, 2\); the rule is \(3, 4\)"),
        ("return Strategy(", "return (", "the factory gave tuple; the rule is a Strategy"),
    ],
)
def test_a_broken_file_is_named_with_the_rule_it_broke(tmp_path, old, new, rule):
    path = written(tmp_path, CLIMBER.replace(old, new, 1))
    with pytest.raises(AlgorithmInputError, match=rule) as error:
        build_strategy(path, (3, 4))
    assert path in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["no/such/file.py", "annealing"])
def test_what_does_not_exist_is_named(name):
    with pytest.raises(AlgorithmInputError, match=name):
        build_strategy(name, (3, 4))


def built_wheel(folder) -> Path:
    """A wheel of one module, written as the wheel format says, so that no build backend is needed."""
    about = "climber-1.dist-info/"
    files = {
        "climber.py": CLIMBER,
        about + "METADATA": "Metadata-Version: 2.1\nName: climber\nVersion: 1\n",
        about + "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        about + "entry_points.txt": "[accelnas.strategies]\nclimber = climber:strategy\n",
    }
    files[about + "RECORD"] = "".join(f"{name},,\n" for name in [*files, about + "RECORD"])
    path = folder / "climber-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return path


def test_a_package_installed_without_network_is_found_by_name(tmp_path, monkeypatch):
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(site)]
    subprocess.run([*install, str(built_wheel(tmp_path))], check=True, capture_output=True)
    monkeypatch.syspath_prepend(site)
    assert strategy_names()["climber"] == "climber:strategy"
    assert callable(find_strategy("climber"))
    assert build_strategy("climber", (3, 4)).name == "climber"
