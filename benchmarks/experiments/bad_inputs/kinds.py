"""Inputs that no command can work with, drawn at random; each is wrong in one way that its maker knows of."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from benchmarks.experiments.bad_inputs.bad_input import BadInput, Maker
from benchmarks.experiments.bad_inputs.file_kinds import network, parquet, space, strategy, table_rows
from benchmarks.experiments.bad_inputs.table_kinds import block_times, own_table

NAMES = ("", "magic", "../..", "x" * 400, "[/red]", "\udce4", "ümlaut", "a b", "nan", "None", "-")
NAMED = tuple(name for name in NAMES if name != "None")
"""Where None is allowed."""
WHOLE = ("0", "-1", "1.5", "x", "", "1" + "0" * 29, "9" * 5000, "nan", "1e3", "0x10", "\uff11.")
BOUNDS = ("0", "-1", "nan", "inf", "-inf", "x", "", "1e999", "1,5", "9" * 400)
OPTIONS: dict[str, dict[str, Sequence[str]]] = {
    "search": {
        **dict.fromkeys(("task", "space", "evaluator", "policy", "accelerator", "profile", "dataset"), NAMED),
        **dict.fromkeys(("budget", "seeds", "final-seeds"), WHOLE),
        **dict.fromkeys(("latency-ms", "peak-bytes", "param-bytes"), BOUNDS),
        "strategy": NAMED,
        "classes": ("0", "-1", "7", "x", "9" * 30),
    },
    "compare": {
        **dict.fromkeys(("task", "contenders"), NAMES),
        "accelerator": NAMED,
        **dict.fromkeys(("budget", "seeds", "slow-seeds", "pool"), WHOLE),
        **dict.fromkeys(("latency-ms", "peak-bytes", "param-bytes"), BOUNDS),
    },
    "expert": {
        **dict.fromkeys(("task", "accelerator", "objective", "profile", "dataset"), NAMED),
        "train": ("-1", "1.5", "x", "9" * 30),
    },
    "train tests.json": {**dict.fromkeys(("task", "profile", "dataset"), NAMED), "seeds": WHOLE},
    "measure": {
        "accelerator": NAMES,
        **dict.fromkeys(("budget", "general", "test", "refine"), ("-1", "x", "1.5", "9" * 30)),
    },
    "prepare": dict.fromkeys(("data", "dataset"), NAMED),
    "reproduce": {"profile": NAMED, "set": ("magic", "=", "magic=1", "profile=magic", "profile=")},
    "reproduce curation": {"set": [f"searches={value}" for value in ("-1", "0", "x", "nan", "1.5")]},
    "trials list": {"limit": WHOLE, "kind": NAMES},
    "trials verify": {
        "count": ("-1", "x", "1.5", "9" * 30),
        "seed": ("-1", "x", "9" * 40, "9" * 5000),
        "tolerance": ("nan", "-1", "inf", "x"),
    },
    "table build": {"task": NAMES, "count": WHOLE},
    "table jobs out.json": {"first": ("-1", "10000", "x", "9" * 30), "cells": ("0", "-1", "10001", "x", "9" * 30)},
    "cost tests.json": {"accelerator": NAMES},
}
WORDS = ("serch", "--bugdet", "trials", "table", "cost", "trials remove", "trials show", "trials show 12", "x" * 3000)


def options(rng: random.Random, folder: Path) -> BadInput:
    """A wrong value of one option, or words that are no command."""
    if rng.random() < 0.05:
        return BadInput(tuple(rng.choice(WORDS).split(" ")))
    command = rng.choice(list(OPTIONS))
    option = rng.choice(list(OPTIONS[command]))
    return BadInput((*command.split(), f"--{option}={rng.choice(list(OPTIONS[command][option]))}"))


def store(rng: random.Random, folder: Path) -> BadInput:
    """A home whose store or measurements are no such file."""
    home = folder / f"home{rng.randrange(10**9)}"
    home.mkdir()
    name = rng.choice(("store.sqlite", "measurements.sqlite"))
    path, how = home / name, rng.randrange(4)
    if how == 0:
        path.mkdir()
    elif how == 1:
        path.write_bytes(rng.randbytes(rng.choice((10, 5000))) or b"x")
    elif how == 2:
        with contextlib.closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE trials (a)")
    else:
        with contextlib.closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE a (a)")
            other.execute(f"PRAGMA user_version = {rng.randint(3, 99)}")
    if name == "store.sqlite":
        command = rng.choice((("trials", "list"), ("trials", "show", "abcd"), ("trials", "remove", "abcd")))
        return BadInput((*command, "--home", str(home)))
    return BadInput(("expert", "--accelerator", "ethos-u55-128", "--home", str(home), "--network", "tests.json"))


def paths(rng: random.Random, folder: Path) -> BadInput:
    """A place that nothing can be written to, or read from."""
    wrong = rng.choice(
        (
            *("tests.json", "tests.json/below", "x" * 300, "/".join(["y" * 200] * 30), "/dev/null", "/proc/1/home"),
            *("/dev/null/x", "/sys/x", f"a{chr(0)}b", "/proc/self/mem"),
        )
    )
    folders = ("search", "trials verify", "expert", "prepare", "train tests.json", "reproduce spaces", "table build")
    calls = [(*command.split(), "--home", wrong) for command in folders]
    calls += [("search", "--results", wrong), ("expert", "--results", wrong), ("compare", "--results", wrong)]
    calls += [
        ("measure", "--accelerator", "ethos-u55-128", "--results", wrong),
        ("reproduce", "spaces", "--results", wrong),
    ]
    calls += [("trials", "export", wrong), ("trials", "import", wrong), ("trials", "verify", wrong)]
    calls += [("trials", "list", "--home", wrong), ("table", "jobs", wrong), ("table", "take", wrong, "tests.json")]
    calls += [(command, "--table", wrong) for command in ("search", "compare")]
    if wrong != "tests.json":
        calls += [
            ("cost", wrong),
            ("train", wrong),
            ("expert", "--network", wrong),
            ("search", "--space", wrong + ".py"),
        ]
    return BadInput(rng.choice(calls))


def environment(rng: random.Random, folder: Path) -> BadInput:
    """A variable of `runtime.resources` that holds no number."""
    name = rng.choice(("WORKERS", "WORKER_GIB", "STALL_MINUTES"))
    value = rng.choice(("0", "-1", "nan", "inf", "two", "9" * 5000 + "x", "1e999"))
    return BadInput(("list",), environment=(f"ACCELNAS_{name}", value))


KINDS: MappingProxyType[str, tuple[Maker, float]] = MappingProxyType(
    {
        "options": (options, 0.20),
        "network": (network, 0.33),
        "space": (space, 0.10),
        "strategy": (strategy, 0.03),
        "parquet": (parquet, 0.10),
        "table_rows": (table_rows, 0.08),
        "own_table": (own_table, 0.05),
        "block_times": (block_times, 0.02),
        "store": (store, 0.03),
        "paths": (paths, 0.05),
        "environment": (environment, 0.01),
    }
)
"""Who makes the inputs of a kind, and its share of all."""
