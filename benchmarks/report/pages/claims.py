"""The article's claims, with the verdicts that rules gave."""

from __future__ import annotations

import math
from pathlib import Path

from benchmarks.markdown import listed, rows, table


def page(folder: Path) -> str:
    """The page's Markdown."""
    found = rows(folder / "claims.csv")
    counts = {name: sum(row["verdict"] == name for row in found) for name in dict.fromkeys(r["verdict"] for r in found)}
    lines = [
        [
            row["claim"],
            _short(row["article"]),
            f"{_short(row['ours'])} ({_short(row['low'])} to {_short(row['high'])}, {row['n']})",
            row["verdict"],
            row["reason"],
            row["place"],
        ]
        for row in found
    ]
    return f"""\
{listed(f"{count} {name}" for name, count in counts.items())}, of {len(found)}.  Each verdict is given by a rule
(benchmarks/experiments/claims/rules.py) from the CSVs that a row names.  Where the article gives a size, "reproduced"
is where the lower end of ours comes to nine tenths of it, "partly" where the best estimate alone does, or something is
saved beyond doubt.  A network that loses more quality than the tolerance counts as saving nothing, of latency and of
size, and as fitting no budget; at the lower end so does every network that is not surely within the tolerance.  The
article asks for this in its section 1 alone; elsewhere it is ours, and the figure without it is told.  Where a claim
is of what a network's quality comes to, one without trainings of its own does not count: it is "not comparable" until
that is trained.
Where the article gives a direction, the whole interval must lie there for
"reproduced", the best estimate for "partly".

What the ends are:

- where a claim is of what networks save or whether they fit: the lower end counts those alone that surely keep the
  quality, the upper one all, whether they keep it or not;
- where it is of searches or networks in general: the 95% interval of tasks, whose accelerators share a table;
- where one model is held against another (fusing or channels, the full search or fusion, a transferred network or one
  of its target's own search): the least and the most of the accelerators, at the ends of the 95% interval of the
  difference in quality;
- of lines along which the cost goes up and down: ours itself, as all lines of a grid are counted and none is drawn;
- where time is tight: the 95% interval of cells, in each of which so many searches ran;
- else the least and the most of what n counts.

Last in the brackets is n, which counts networks, lines, grids, tasks, cells, accelerators or searches, as `measured`
says in claims.csv.  Where it counts networks, ours is no mean of these: it is the mean over accelerators of the best on
each, or the best of all.

{table(("claim", "article", "ours (ends, n)", "verdict", "why", "place"), lines)}
What ours is of, from which files, and why a rule is the fair reading of its sentence, is in
[claims.csv](../../results/claims/claims.csv); all of it with figures in
[report.html](../../results/report.html).
"""


def _short(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"
