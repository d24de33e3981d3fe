"""Files that no command can work with: tables of one's own, costs of their networks, and latencies of blocks."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.experiments.bad_inputs.bad_input import BadInput

TABLE = """width,body,kernel,quality,latency_ms
8,conv,,0.5,1
8,conv,,0.7,1
8,ibn,3,0.8,2
8,ibn,5,0.9,4
16,conv,,0.65,3
16,ibn,3,,5
"""
COSTS = {
    "a row a genotype": "width,body,kernel,latency_ms\n8,conv,,1\n8,ibn,3,2\n8,ibn,5,4\n16,conv,,3\n16,ibn,3,5\n",
    "a row a block": "decision,choice,latency_ms\n,,1\nwidth,8,1\nwidth,16,2\nbody,conv,1\nbody,ibn,2\nkernel,3,1\n"
    "kernel,5,2\n",
}
BLOCKS = """kind,height,width,in_channels,out_channels,kernel,stride,expansion,residual,activation,latency_ms
conv,32,32,3,16,3,2,1,no,yes,0.4
ibn,16,16,16,16,5,1,6,yes,yes,1.5
global_pool,16,16,16,16,,,,,,0.25
conv,1,1,16,10,1,1,1,no,no,0.1
"""
WRONG_NUMBERS = ("", "x", "inf", "-inf", "nan", "1,5", "0x10", "1e999", "\uff11.", "\u202e", "[]")
WRONG_SIZES = ("", "x", "0", "-8", "1.5", "9" * 30, "3e1", "\u00b3", "True")


def own_table(rng: random.Random, folder: Path) -> BadInput:
    """A table, or costs of its networks, with one thing in it that may not be."""
    table, costs = folder / "table.csv", folder / "device.csv"
    table.write_text(TABLE)
    command = rng.choice(("search", "compare"))
    kind = rng.choice(("table", "npz", *COSTS))
    if kind == "npz":
        path = folder / "table.npz"
        path.write_bytes(_npz(rng))
        return BadInput((command, "--table", str(path)))
    if kind == "table":
        lines = TABLE.splitlines()
        place = rng.randrange(1, len(lines))
        # a quality may be missing, and what is no number in a decision is a choice
        wrongs: tuple[Callable[[], str], ...] = (
            lambda: _changed(lines, place, 4, rng.choice(WRONG_NUMBERS)),
            lambda: _changed(lines, place, 3, rng.choice([each for each in WRONG_NUMBERS if each not in ("", "nan")])),
            lambda: _changed(lines, 0, rng.randrange(5), ""),
            lambda: _changed(lines, 0, rng.randrange(1, 5), "width "),
            lambda: TABLE.replace("quality", rng.choice(("accuracy", "", "Quality"))),
            lambda: _changed(lines, place, 4, "1,2"),
            lambda: TABLE + "8,,3,0.5,1\n",
        )
        table.write_bytes(_damaged(rng, rng.choice(wrongs)().encode()))
        return BadInput((command, "--table", str(table)))
    lines = COSTS[kind].splitlines()
    place, last = rng.randrange(1, len(lines)), len(lines[0].split(",")) - 1
    wrongs = (
        lambda: _changed(lines, place, last, rng.choice(WRONG_NUMBERS)),
        lambda: "\n".join(lines[: rng.randrange(len(lines) - 1)]),
        lambda: _changed(lines, 0, rng.randrange(last + 1), ""),
        lambda: _changed(lines, 0, rng.randrange(last), "x" * 500),
        lambda: _changed(lines, 0, 0, "latency_ms"),
    )
    costs.write_bytes(_damaged(rng, rng.choice(wrongs)().encode()))
    return BadInput((command, "--table", str(table), "--accelerator", str(costs)))


def block_times(rng: random.Random, folder: Path) -> BadInput:
    """Latencies of blocks of which one is none, or one is missing."""
    path, lines = folder / "blocks.csv", BLOCKS.splitlines()
    place = rng.randrange(1, len(lines))
    wrongs: tuple[Callable[[], str], ...] = (
        lambda: _changed(lines, place, 10, rng.choice((*WRONG_NUMBERS, "-1"))),
        lambda: _changed(lines, place, rng.randrange(1, 5), rng.choice(WRONG_SIZES)),
        lambda: _changed(lines, rng.choice((1, 2, 4)), 5, rng.choice(("2", "0", "99", "-1", "x"))),
        lambda: _changed(lines, place, 0, rng.choice(("", "attention", "Conv", "x" * 5000, "[/red]"))),
        lambda: _changed(lines, place, 8, rng.choice(("maybe", "2", "\u202e"))),
        lambda: _changed(lines, 0, rng.choice((1, 2, 3, 4, 10)), rng.choice(("", "x" * 500, "kind", "macs"))),
        lambda: "\n".join(lines[:place]),  # what stays lacks a block of the network, or is no row at all
    )
    path.write_bytes(_damaged(rng, rng.choice(wrongs)().encode()))
    return BadInput(("cost", "tests.json", "--accelerator", str(path)))


def _changed(lines: Sequence[str], line: int, column: int, value: str) -> str:
    values = [each.split(",") for each in lines]
    values[line][column] = value
    return "\n".join(",".join(each) for each in values) + "\n"


def _damaged(rng: random.Random, content: bytes) -> bytes:
    """The same, or one time in eight something that no text of it is left in."""
    if rng.random() < 0.875:
        return content
    return rng.choice((b"", b"\xff" * 50, content.decode().encode("utf-16"), b'"' + content, b"\0" * 100, b"\n" * 9))


def _npz(rng: random.Random) -> bytes:
    scores = np.linspace(0.1, 0.9, 24).reshape(2, 6, 2)
    arrays = {"name": np.array("made"), "cardinalities": np.array([2, 3]), "scores": scores, "reference": np.ones(2)}
    arrays["costs"] = np.array(["latency_ms"])
    name = rng.choice(list(arrays))
    wrongs = (
        np.array([]),
        np.array([[1, 2], [3, 4]]),
        np.array([None]),
        np.array(["x" * 500] * 3),
        np.array([np.nan] * 2),
    )
    how = rng.randrange(4)
    if how == 0:
        name = rng.choice(list(arrays)[:-1])  # costs may be left out
        del arrays[name]
    elif how == 1:
        arrays["scores"] = np.where(scores == scores[0, 0, 0], np.nan, scores)
    elif name == "name":  # any text is one
        arrays["name"] = wrongs[2]
    elif name == "costs":
        arrays["costs"] = rng.choice(wrongs[1:4])
    else:
        arrays[name] = rng.choice(wrongs)
    file = io.BytesIO()
    np.savez(file, **arrays)
    content = file.getvalue()
    if how != 3:
        return content
    return rng.choice((content[: rng.randrange(len(content))], rng.randbytes(300), b"PK\3\4" + b"x" * 99))
