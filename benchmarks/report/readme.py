"""The generated parts of README.md: each stands between `<!-- NAME -->` and `<!-- end -->`."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.curation.verdict import COMPARED, STEPS
from benchmarks.markdown import Row, interval, listed, rows, table
from benchmarks.report.pages.article import source_of
from benchmarks.report.pages.curation import OTHERS, cells_of, counted
from hw_model.files import write_whole

DETECTION_ACCELERATOR = "ethos-u55-256"
FIRST_ANSWER = ("cost", "examples/detector.json", "--accelerator", "ethos-u85-1024", "--compile")

_SEARCHED = {"Baseline": ("no", "no"), "V1": ("no", "yes"), "V2": ("yes", "no"), "V3": ("yes", "yes")}


def fill(text: str, root: Path) -> str:
    """The text with every block made again.  Raises BenchmarkInputError for a block that nothing makes."""
    pattern = re.compile(r"(<!-- (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
    unknown = [name for _, name, _ in pattern.findall(text) if name not in BLOCKS]
    if unknown:
        raise BenchmarkInputError(f"README.md: unknown block {unknown[0]!r}; allowed: {', '.join(BLOCKS)}")
    return pattern.sub(lambda found: found[1] + BLOCKS[found[2]](root) + found[3], text)


def write_readme(root: Path) -> list[Path]:
    """Fill README.md; the path, if that changed it."""
    path = root / "README.md"
    text = path.read_text()
    filled = fill(text, root)
    if filled == text:
        return []
    write_whole(path, filled)
    return [path]


def _first_answer(root: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "accelnas", *FIRST_ANSWER], cwd=root, capture_output=True, text=True, check=True
    )
    answer = "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())
    return f"""\
```
$ python3 -m venv .venv && .venv/bin/pip install . && . .venv/bin/activate
$ accelnas {" ".join(FIRST_ANSWER)}
{answer}
```
"""


def _detection(root: Path) -> str:
    found = rows(root / "results/detection/detection.csv")
    found = [row for row in found if row["model"] in _SEARCHED]
    here = [row for row in found if row["accelerator"] == DETECTION_ACCELERATOR]
    header = ["model", "fusion searched", "multiplier searched", f"ms on {DETECTION_ACCELERATOR}", "less latency"]
    header += ["article", "mAP (95% interval)", "source", "difference", "keeps mAP"]
    lines = [
        [
            row["model"],
            *_SEARCHED[row["model"]],
            f"{row['latency_ms']:.3f}",
            f"{row['latency_reduction_pct']:.0f}%",
            "-" if math.isnan(row["article_reduction_pct"]) else f"{row['article_reduction_pct']:.0f}%",
            interval(row, "map"),
            source_of(row),
            "-" if row["model"] == "Baseline" else f"{row['quality_difference']:+.3f}",
            "yes" if row["keeps_map"] else "no",
        ]
        for row in here
    ]
    others = [row for row in found if row["model"] == "V3" and row not in here]
    return f"""\

{table(header, lines)}
A difference is from the baseline's mAP by the same source. V3 cuts {listed(map(_v3, others))}.
"""


def _v3(row: Row) -> str:
    keeps = "keeping" if row["keeps_map"] else "not keeping"
    return f"{row['latency_reduction_pct']:.0f}% on the {row['accelerator']} ({keeps} the mAP)"


def _curation(root: Path) -> str:
    cells = cells_of(rows(root / "results/curation/curation.csv"))
    lines = [
        [each.what, *("{} / {}".format(*counted(cells, other, each.better)[:2]) for other in OTHERS)]
        for each in (*COMPARED, STEPS)
    ]
    return f"""\
Of {len(cells)} cells, a task on an accelerator each, those where curated is better / worse (95% intervals do not meet):

{table(("by", *OTHERS), lines)}"""


def _claims(root: Path) -> str:
    found = [row["verdict"] for row in rows(root / "results/claims/claims.csv")]
    reproduced, partly, failed, neither = map(found.count, ("reproduced", "partly", "not reproduced", "not comparable"))
    first = f"Of {len(found)} claims of the article {reproduced} are reproduced, {partly} partly, {failed} not, and"
    return f"{first} {neither} cannot be compared ([each, with its rule](docs/results/claims.md)).\n"


BLOCKS: MappingProxyType[str, Callable[[Path], str]] = MappingProxyType(
    {
        "first answer": _first_answer,
        "detection": _detection,
        "claims": _claims,
        "curation": _curation,
        "examples/climber.py": lambda root: f"```python\n{(root / 'examples/climber.py').read_text()}```\n",
    }
)
