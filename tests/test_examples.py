"""Every file in examples/ does what it says, in well under a minute on an idle machine."""

import contextlib
import io
import json
import re
import runpy
from pathlib import Path

import matplotlib
import pytest

from tasks.spaces.registry import load_space

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"


@pytest.fixture
def printed(monkeypatch):
    """What a script prints, run in this process: one of its own takes seconds to start."""

    def run(script, folder=ROOT):
        monkeypatch.chdir(folder)
        monkeypatch.setattr("sys.argv", [str(script)])
        monkeypatch.syspath_prepend(script.parent)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            runpy.run_path(str(script), run_name="__main__")
        return said.getvalue()

    return run


def test_early_fusion_is_faster_with_more_macs_and_late_fusion_slower(printed):
    early, late = printed(EXAMPLES / "fused_or_not.py").split("late:")
    for text, sign in ((early, "-"), (late, "+")):
        assert re.findall(r"latency ([+-])\d+%, MACs ([+-])\d+%", text) == [(sign, "+")] * 3


def test_a_whole_space_is_costed(printed):
    lines = printed(EXAMPLES / "cost_of_a_space.py").splitlines()
    assert lines[0].startswith("18 networks of mine on ethos-u65-512")
    assert len(lines) == 1 + 3
    latencies = [float(found) for found in re.findall(r": ([\d.]+) ms", "\n".join(lines))]
    assert latencies == sorted(latencies)


@pytest.mark.slow
def test_a_strategy_of_ones_own_stands_beside_built_in_ones(printed):
    lines = printed(EXAMPLES / "compare_on_a_table.py").splitlines()
    assert [line.split()[0] for line in lines] == ["random", "climber", "regularised_evolution"]
    regrets = [float(line.split()[1]) for line in lines]
    assert 0 < regrets[2] < regrets[0]


@pytest.mark.slow
def test_the_notebook_runs_and_holds_no_output(tmp_path, printed):
    notebook = json.loads((EXAMPLES / "landscape.ipynb").read_text())
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(cells) == 5
    assert not any(cell["outputs"] or cell["execution_count"] for cell in cells)
    script = tmp_path / "landscape.py"
    script.write_text("\n".join("".join(cell["source"]) for cell in cells))
    with matplotlib.rc_context({"backend": "agg"}):
        said = printed(script, EXAMPLES)
    latencies = [float(found) for found in re.findall(r"^([\d.]+) ms", said, re.MULTILINE)]
    assert len(latencies) == 3
    assert latencies == sorted(latencies)
    front = re.findall(r"^mAP ([\d.]+) at ([\d.]+) ms", said, re.MULTILINE)
    # better ones are slower
    assert len(front) > 1
    assert [float(ms) for _, ms in front] == sorted(float(ms) for _, ms in front)


def test_the_space_loads_with_its_three_decisions():
    assert load_space(EXAMPLES / "my_space.py").cardinalities == (3, 3, 2)


def test_every_example_is_run_by_a_test():
    tested = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    # the commands of documents are run by test_doc_blocks
    documents = "".join(path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
    for path in filter(Path.is_file, EXAMPLES.iterdir()):  # Python keeps its bytecode beside them
        code = path.suffix in (".py", ".ipynb")
        assert (f'"{path.name}"' if code else f"examples/{path.name}") in (tested if code else documents), path.name
