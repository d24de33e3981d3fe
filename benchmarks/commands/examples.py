"""What stands below the help of each command: lines that can be typed as they are, but for names of files."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from types import MappingProxyType

EXAMPLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "": (
            "accelnas cost mobilenet_v2_050 --accelerator ethos-u85-1024 --compile",
            "accelnas search --task detection --accelerator ethos-u65-512 --profile smoke --budget 4",
            "accelnas search --help",
        ),
        "reproduce": ("accelnas reproduce --list", "accelnas reproduce detection", "accelnas reproduce"),
        "search": (
            "accelnas search --accelerator ethos-u65-512 --budget 20 --seeds 2",
            "accelnas search --strategy examples/climber.py --evaluator zero_shot:naswot --budget 100",
            'accelnas search --task classification --dataset "folder:my_images?side=96x160" --profile smoke',
        ),
        "compare": (
            "accelnas compare --contenders local_search genetic --budget 30 --seeds 100",
            "accelnas compare --table examples/my_table.csv --budget 20 --seeds 50",
        ),
        "curate-compare": ("accelnas curate-compare examples/my_channels.py --searches 100",),
        "expert": (
            "accelnas expert --accelerator ethos-u55-256",
            "accelnas expert --network my_network.tflite --accelerator ethos-u85-1024 --objective memory",
        ),
        "train": (
            "accelnas train my_network.json --task detection --profile smoke --save my_folder",
            'accelnas train "V3:1 0 1 1 1 1 1 1 1" --training passes=6400 mirror=no',
        ),
        "export": ("accelnas export my_folder --accelerator ethos-u55-256 --accelerator ethos-u85-1024",),
        "predict": ("accelnas predict my_folder photo.jpg --model int8",),
        "trials": ("accelnas trials list", "accelnas trials export mine.parquet"),
        "trials list": ("accelnas trials list",),
        "trials show": ("accelnas trials show 3f2a",),
        "trials export": ("accelnas trials export mine.parquet",),
        "trials import": ("accelnas trials import theirs.parquet",),
        "trials verify": ("accelnas trials verify --count 3",),
        "trials remove": ("accelnas trials remove 3f2a",),
        "table": ("accelnas table status",),
        "table design": ("accelnas table design",),
        "table build": ("accelnas table build --task detection",),
        "table status": ("accelnas table status",),
        "table jobs": ("accelnas table jobs jobs.json",),
        "table take": ("accelnas table take jobs.json rows.jsonl",),
        "table fit": ("accelnas table fit",),
        "cost": (
            "accelnas cost examples/detector.json --accelerator ethos-u85-1024 --compile",
            "accelnas cost my_network.tflite --board imx93",
            "accelnas cost mobilenet_v2_050 --accelerator ethos-u55-128 --accelerator npu-p32 --json",
        ),
        "verify": ("accelnas verify --task detection", "accelnas verify --count 0 --all"),
        "measure": ("accelnas measure --accelerator this-device --budget 50 --general 20 --test 20 --fit",),
        "prepare": ("accelnas prepare", 'accelnas prepare --dataset "coco:boxes.json?side=96x160"'),
        "list": ("accelnas list",),
    }
)
"""{what is typed behind accelnas: lines}."""


def with_examples(text: str, arguments: Sequence[str]) -> str:
    """A command's help as tyro prints it, no line of words wider than the terminal, and examples below."""
    width = shutil.get_terminal_size().columns
    lines = []
    for line in text.rstrip().splitlines():
        plain = re.sub(r"\{None\}\|(\S+)", lambda found: found[1] + " " * len("{None}|"), line)
        if plain.startswith("usage:"):
            plain = re.sub(r"\{[\w,-]+\}", "COMMAND", plain)
        lines += textwrap.wrap(plain, width) if len(plain) > width else [plain]
    return "\n".join([*lines, "", "examples:", *(f"  {each}" for each in EXAMPLES[_command(arguments)])]) + "\n"


def _command(arguments: Sequence[str]) -> str:
    for count in (2, 1):
        if " ".join(arguments[:count]) in EXAMPLES:
            return " ".join(arguments[:count])
    return ""
