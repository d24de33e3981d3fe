"""Published measurements on boards beside what the compiler and the estimators say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.markdown import Row, claim, rounded, rows, span, table
from hw_model.boards import BOARDS

OVERHEAD_MS = 0.7
"""Below it a board's own overhead dominates what was measured."""
LINUX = "imx93"
HEADER = ("network", "M MACs", "measured ms", "Vela ms", "off", "estimator ms", "off", "Vela, the vendor's system, ms")


def off(row: Row, name: str = "vela_ms") -> float:
    """A figure's relative difference from the measured one."""
    return row[name] / row["measured_ms"] - 1


def large(found: Sequence[Row]) -> list[Row]:
    """Measurements on the board under Linux from OVERHEAD_MS on."""
    return [row for row in found if row["board"] == LINUX and row["measured_ms"] >= OVERHEAD_MS]


def small(found: Sequence[Row]) -> list[Row]:
    """Those below."""
    return [row for row in found if row["measured_ms"] < OVERHEAD_MS]


def elsewhere(found: Sequence[Row]) -> list[Row]:
    """Those on microcontrollers, whose weights come from slower memories than the compiler's default assumes."""
    return [row for row in found if row["board"] != LINUX]


def page(folder: Path) -> str:
    """The page's Markdown."""
    found = rows(folder / "silicon.csv")
    big, other = large(found), elsewhere(found)
    overhead = [row["measured_ms"] - row["vela_ms"] for row in small(found)]
    shares = [100 * over / row["measured_ms"] for over, row in zip(overhead, small(found), strict=True)]
    order = sorted(big, key=lambda row: row["measured_ms"])
    in_order = [row["vela_ms"] for row in order] == sorted(row["vela_ms"] for row in order)
    times = [row["measured_ms"] / row["vela_ms"] for row in other]
    ranked = claim(f"On the i.MX 93 networks of more than {OVERHEAD_MS} ms are in the measured order", in_order)
    slower = claim(
        f"Of figures below {OVERHEAD_MS} ms much is a board's overhead: all {len(overhead)} took "
        f"{span(overhead, 2, ' ms')} more than Vela says, {span(shares, 0, '%')} of what was measured",
        min(shares) > 10 and len(overhead) >= 4,
    )
    memories = claim(
        f"On Alif's microcontrollers what was measured is {span(times, 1)} times what Vela's default says",
        min(times) > 1,
    )
    boards = "\n".join(_board(found, name) for name in dict.fromkeys(row["board"] for row in found))
    return f"""\
Nothing here was measured by us. Each row is a figure that somebody published of a real board, with its source in
[silicon.csv](../../results/silicon/silicon.csv), beside what the compiler and the estimator say of a network of the
same published shapes: weights drawn as everywhere, the accelerator's default system and memory mode, at the board's
clock. "Off" is relative to what was measured.

{boards}
## What may be claimed

- {ranked}, and Vela's default is {percent(map(off, big))} off, the estimator
  {percent(off(row, "estimator_ms") for row in big)}: {len(big)} networks. With the memories that NXP's own compiler
  assumes, Vela is {percent(off(row, "vela_own_system_ms") for row in big)} off. Which
  memories are assumed moves absolute figures about as much as that.
- {slower}, and their order says nothing of the accelerator. Networks that small are to be compared with each other
  by the compiler, and not with a board.
- {memories}. What is the memories' and what the host's part of that, the sources do not say: Alif's own system
  configuration reads SRAM at .76 and octal flash at .05 of the core's clock, where Vela's default for a U55 has 1 and
  .125. The two figures of one ResNet-50, whose weights are stored in 14.4 and 21.8 MB, differ by
  {_differ(other)}: what the weights are, and where they lie, decides. For such boards give the vendor's `vela.ini`
  (`--vela-ini`).
- Nothing is claimed of one network against another that is nearer than that, of boards not in the table, of energy, or
  of the tasks' networks, none of which has run on a board.
"""


def _differ(found: Sequence[Row]) -> str:
    values = [row["measured_ms"] for row in found if row["network"] == "resnet50"]
    return f"{max(values) / min(values) - 1:.0%}"


def _board(found: Sequence[Row], name: str) -> str:
    lines = [
        [
            row["network"],
            rounded(row["macs"] / 1e6),
            f"{row['measured_ms']:g}",
            f"{row['vela_ms']:.3g}",
            f"{off(row):+.0%}",
            f"{row['estimator_ms']:.3g}",
            f"{off(row, 'estimator_ms'):+.0%}",
            "" if row["vela_own_system_ms"] != row["vela_own_system_ms"] else f"{row['vela_own_system_ms']:.3g}",
        ]
        for row in found
        if row["board"] == name
    ]
    board = BOARDS[name]
    return f"**{board.title}** ({board.accelerator} at {board.clock_mhz:g} MHz)\n\n{table(HEADER, lines)}"


def percent(values: Iterable[float]) -> str:
    """Least and largest of shares, with their signs."""
    shares = [round(100 * value) for value in values]
    return f"{min(shares):+d} to {max(shares):+d}%"
