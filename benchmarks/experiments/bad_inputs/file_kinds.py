"""Files that no command can work with: networks, Python files of spaces and strategies, trials, rows of tables."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.experiments.bad_inputs.bad_input import PARTLY, BadInput

NETWORK: dict[str, Any] = {
    "name": "tests",
    "input": [32, 32, 3],
    "blocks": [
        {"kind": "conv", "channels": 16, "stride": 2},
        {"kind": "ibn", "channels": 16, "expansion": 6, "kernel": 5, "residual": True},
        {"kind": "global_pool"},
        {"kind": "conv", "channels": 10, "kernel": 1, "activation": False},
    ],
}
JUNK: tuple[Any, ...] = (None, "", "3", [], {}, [[]], {"a": 1}, 1.5, -1, 0, 10**18, "x" * 5000, [1] * 3000, 1e308)


def network(rng: random.Random, folder: Path) -> BadInput:
    """A network's file with one thing in it that may not be."""
    content = json.loads(json.dumps(NETWORK))
    block = rng.choice(content["blocks"])
    field = rng.choice(("kind", "channels", "kernel", "stride", "expansion", "residual", "activation", "repeat"))
    wrongs: tuple[Callable[[], Any], ...] = (
        lambda: block.__setitem__(field, rng.choice(JUNK)),
        lambda: block.__setitem__(rng.choice(("kernal", "", "x" * 400, "[/red]")), 1),
        lambda: content.__setitem__("input", rng.choice(([3, 224, 224], [32, 32], [0, 32, 3], [5000, 5, 3], *JUNK))),
        lambda: content.__setitem__("blocks", rng.choice(JUNK)),
        lambda: content.pop(rng.choice(("input", "blocks"))),
        lambda: content.__setitem__(rng.choice(("inputs", "Blocks", "\u202e")), 1),
        lambda: content.__setitem__("name", rng.choice((1, None, [], "two\nlines", "\x1b[31m"))),
        lambda: content["blocks"].insert(rng.randrange(5), rng.choice(JUNK)),
        lambda: content["blocks"].append({"kind": "conv", "channels": 8, "residual": True}),
        lambda: content["blocks"].extend([{"kind": "upsample"}] * rng.randint(13, 300)),
    )
    path = folder / "network.json"
    text = json.dumps(content).encode()
    damages: tuple[Callable[[], bytes], ...] = (
        lambda: text[: rng.randrange(len(text))],
        lambda: text.replace(b"32", b"9" * 5000, 1),
        lambda: text.replace(b'"input"', b'"input": 1, "input"', 1),
        lambda: text.replace(b"32", rng.choice((b"NaN", b"Infinity", b"-Infinity", b"1e999")), 1),
        lambda: text.replace(b"tests", rng.choice((b"\xff", b"\\ud800", b"\n", b"\\u0000")), 1),
        lambda: text.decode().encode("utf-16"),
        lambda: b"[" * rng.choice((1, 1000, 100_000)),
        lambda: bytes(rng.randrange(128, 256) for _ in range(200)),
        lambda: b"TFL3" + text,
    )
    if rng.random() < 0.6:
        rng.choice(wrongs)()
        path.write_text(json.dumps(content))
    else:
        path.write_bytes(rng.choice(damages)())
    command = rng.choice((("cost",), ("cost", "--json"), ("train",), ("expert", "--network")))
    return BadInput((*command, str(path)))


SPACE = """
from tasks.spaces.layer import Decision, Layer, Presence
from tasks.spaces.space import SearchSpace

width = Decision("width", (8, 16))
body = Decision("body", ("ibn_3", "conv"))
kernel = Decision("kernel", (3, 5))
stem = Layer("conv", 8, stride=3)
middle = Layer("body", "width", kernel="kernel")
last = Layer("conv", 10, kernel=1, activation=False)
more = {}
{change}
SPACE = SearchSpace("tiny", (width, body, kernel), (stem, middle, last), input_side=28, input_channels=1, **more)
"""
SPACE_FAULTS = (
    *(f'width = Decision("width", {each})' for each in ("(8, 0)", "(8, -8)", "(8, 1.5)", "(8, '8')", "(8, 10**5000)")),
    *(f'width = Decision("width", {each})' for each in ("()", "(8, 8)", "[8, 16]", "(8, None)", "(8, 9000)", "8")),
    *(
        f'body = Decision("body", ("conv", {each!r}))'
        for each in ("ibn_0", "ibn_", "ibn_99", "conv_3", "attention", "")
    ),
    *(f'body = Decision("body", ("conv", {each!r}))' for each in ("depthwise", "ibn_" + "9" * 5000, "ibn_-1", "ibn_³")),
    *(f'kernel = Decision("kernel", (3, {each}))' for each in ("2", "0", "9", "-3", "'3'", "3.0", "True")),
    *(f"more = {{'channel_step': {each}}}" for each in ("0", "-8", "1.5", "None", "10**30")),
    *(f"more = {{'input_channels': {each}}}" for each in ("0", "3", "'1'", "None")),
    *(f"more = {{'input_side': {each}}}" for each in ("0", "5000", "'side'", "None", "28.0")),
    *(f"more = {{'fixed': {each}}}" for each in ("(width,)", "(Decision('side', (1, 2)),)", "[1]", "None")),
    *(
        f'kernel = Decision("width_multiplier", {each})'
        for each in ("(1.0, 0)", "(1, -1.0)", "(1, float('nan'))", "(1, '1')")
    ),
    *(f"last = Layer('conv', {each}, kernel=1)" for each in ("5", "'width'", "0", "None", "10.0", "'magic'")),
    *(f"stem = Layer('conv', 8, stride={each})" for each in ("0", "4", "'2'", "1.5", "None")),
    *(f"stem = Layer('conv', 8, residual={each})" for each in ("0", "None", "'yes'")),
    "middle = Layer('body', 'width', kernel='kernel', present=Presence('width', (7,)))",
    "middle = Layer('body', 'width', kernel='kernel', present=Presence('nobody', (8,)))",
    "middle = Layer('body', 'width', kernel='kernel', present=8)",
    "middle = Layer('body', 16)",
    "last = Layer('conv', 10, kernel=1, activation=False, present=Presence('body', ('conv',)))",
    "raise SystemExit('enough')",
    "raise KeyboardInterrupt if False else ValueError('two\\nlines ' + 'x' * 4000)",
    "class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd",
    "import no_such_module_anywhere",
    "def",
    "SearchSpace = lambda *_, **__: None",
    "x = '\\0' + open('/nowhere').read()",
    "1 / 0",
    "SearchSpace.__name__; width = object()",
)


def space(rng: random.Random, folder: Path) -> BadInput:
    """A space's file with one wrong choice or field, or one that cannot be run."""
    path = folder / "space.py"
    path.write_text(SPACE.replace("{change}", rng.choice(SPACE_FAULTS)))
    if rng.random() < 0.05:
        path.write_bytes(rng.choice((b"\0", b"\xff\xfe", b"", b"x" * 10_000)))
    task = ("--task", "classification", "--dataset", "fashion_items")
    return BadInput(("search", *task, "--accelerator", "npu-p16", "--space", str(path)))


STRATEGY = """
import numpy as np
from nas_algos.strategy import Strategy


def strategy(cardinalities):
    size = len(cardinalities)

    def ask(state, key):
        return {ask}

    def tell(state, genotypes, scores):
        return {tell}

    return {made}
"""
FAULTS: dict[str, tuple[str, ...]] = {
    "ask": (
        *("[[0] * size]", "[0] * size", "None", "np.zeros((1, size))", "np.zeros((2, size), int)", "'x'", "1 / 0"),
        *(
            "np.full((1, size), 99)",
            "np.full((1, size), -1)",
            "exec('raise SystemExit(3)')",
            "[[0], [0, 0]]",
            "state.x",
        ),
    ),
    "tell": ("1 / 0", "exec('raise SystemExit')", "scores.nobody", "float('x')"),
    "made": (
        *("None", "1 / 0", "Strategy", "(1, 2)", "exec('raise SystemExit')"),
        "Strategy('a', (2,), lambda key: 0.0, ask, tell, traceable=False)",
        "Strategy('a', 7, lambda key: 0.0, ask, tell, traceable=False)",
        *(
            f"Strategy('a', tuple(cardinalities), lambda key: 0.0, ask, tell, {wrong})"
            for wrong in ("batch=0", "batch=-1", "batch=10**30", "objectives=0", "objectives=1.5", "objectives=99")
        ),
        "Strategy('a', tuple(cardinalities), lambda key: 0.0, 'ask', tell)",
        "Strategy('a', tuple(cardinalities), lambda key: 1 / 0, ask, tell)",
        "Strategy('a', tuple(cardinalities), lambda key: 0.0, ask, tell, traceable='no')",
    ),
}


def strategy(rng: random.Random, folder: Path) -> BadInput:
    """A strategy's file that breaks one rule."""
    parts = {
        "ask": "np.zeros((1, size), np.int32)",
        "tell": "state",
        "made": "Strategy('mine', tuple(cardinalities), lambda key: 0.0, ask, tell, traceable=False)",
    }
    part = rng.choice(list(parts))
    path = folder / "strategy.py"
    path.write_text(STRATEGY.format(**parts | {part: rng.choice(FAULTS[part])}))
    if rng.random() < 0.1:
        path.write_text(rng.choice(("raise SystemExit", "def", "strategy = 3", "", "import nobody")))
    (folder / "tiny.py").write_text(SPACE.replace("{change}", ""))
    where = ("--task", "classification", "--dataset", "fashion_items", "--accelerator", "npu-p16")
    return BadInput(("search", *where, "--space", str(folder / "tiny.py"), "--strategy", str(path)))


def parquet(rng: random.Random, folder: Path) -> BadInput:
    """A file of trials that is damaged, foreign or holds what no training gives."""
    path, whole = folder / "file.parquet", (folder / "trials.parquet").read_bytes()
    table = pq.read_table(folder / "trials.parquet")
    name = rng.choice([each for each in table.column_names if each != "error"])  # which may be missing
    values = [value for value in (None, "x", "{}", "9" * 5000, "[]", "\u202e") if value not in table[name].to_pylist()]
    wrong = pa.array([rng.choice(values)] * len(table), pa.string())

    def rewritten(changed: pa.Table) -> bytes:
        pq.write_table(changed, path)
        return path.read_bytes()

    damages: tuple[Callable[[], bytes], ...] = (
        lambda: whole[: rng.randrange(len(whole))],
        lambda: rng.randbytes(rng.choice((0, 1, 4, 300))),
        lambda: b"PAR1" + rng.randbytes(100) + b"PAR1",
        lambda: rewritten(pa.table({"a": [1, 2]})),
        lambda: rewritten(table.replace_schema_metadata({})),
        lambda: rewritten(table.replace_schema_metadata({b"accelnas format": rng.choice((b"trials 1", b"results 2"))})),
        lambda: rewritten(table.drop_columns([name])),
        lambda: rewritten(table.set_column(table.column_names.index(name), name, wrong)),
        lambda: rewritten(table.rename_columns([f"x{each}" if each == name else each for each in table.column_names])),
    )
    path.write_bytes(rng.choice(damages)())
    command = rng.choice(("import", "verify", "export"))
    # which adds to the file
    extra = ("--count", "0") if command == "verify" else ()
    return BadInput(("trials", command, str(path), *extra, "--home", str(folder / "home")), PARTLY)


def table_rows(rng: random.Random, folder: Path) -> BadInput:
    """Jobs of a table, and rows of a machine with an accelerator, that do not fit together."""
    jobs = json.loads((folder / "jobs.json").read_text())
    row = json.loads((folder / "rows.jsonl").read_text())
    where = rng.choice(("rows", "jobs", "bytes"))
    if where == "rows":
        name = rng.choice(("job", "index", "seconds", "finite", "quality", "jax", "device"))
        row[name] = rng.choice(({}, [], -1, "x", None, 10**18)) if name != "finite" else row.pop("quality")
        if name == "finite":
            row["finite"] = True
        if name in ("jax", "device"):
            row[name] = rng.choice(({}, [], None, 3))
        if name == "quality":
            row[name] = rng.choice(({}, [], None, 3, {"map": "x"}, {"map": 7}))
    elif where == "jobs":
        name = rng.choice(("name", "chains", "task", "classes", "fidelity", "seeds", "rates", "genotypes", "space"))
        jobs[0][name] = rng.choice(({}, [], None, "x" * 40, -1.5)) if name != "space" else rng.choice((3, None))
        if name == "name" and jobs[0][name] == row["job"]:
            jobs[0][name] = "other"
    texts = {"jobs.json": json.dumps(jobs).encode(), "rows.jsonl": json.dumps(row).encode()}
    if where == "bytes":
        name = rng.choice(list(texts))
        texts[name] = rng.choice(
            (b"{", b"\xff", b"[1", b'{"a": NaN}', b"9" * 5000, b'{"a": 1, "a": 2}', b"null", b"[[]]")
        )
    for name, text in texts.items():
        (folder / f"bad_{name}").write_bytes(text)
    return BadInput(("table", "take", str(folder / "bad_jobs.json"), str(folder / "bad_rows.jsonl")), PARTLY)
