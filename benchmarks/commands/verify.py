"""`accelnas verify`: whether the shipped results hold on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.errors import BenchmarkInputError, check_count, check_names
from benchmarks.home import DEFAULT_HOME, check_folders


def verify(
    task: tuple[str, ...] = ("detection", "classification", "segmentation"),
    count: int = 1,
    seed: int = 0,
    all: bool = False,
    home: Path = DEFAULT_HOME,
    results: Path = Path("results"),
) -> None:
    """Check every row of the trained tables and every recorded file, make tables again that need no training, and train
    some rows again.

    Each row that was trained again has its verdict: equal to the last bit, within the noise of seeds, or a miss.  Exit
    code 1 where one is missed, a task has none to train, a row is damaged or there twice, or a cell or file differs.
    Stop it at any moment and run it again: what was trained is kept until a run ends.

    Args:
        task: Whose tables.
        count: How many rows of each to train again; 0 checks and compares only.
        seed: Which rows; another number draws others.
        all: Make the tables of the main job again, too, which takes minutes, not only those that take seconds.
        home: Directory that data and trials are kept in.
        results: Directory of the shipped results.
    """
    from benchmarks.verification.verify import QUICK, THOROUGH
    from benchmarks.verification.verify import verify as verify_all
    from tasks.registry import TASKS

    if not task:
        raise BenchmarkInputError(f"--task names no task; allowed: {', '.join(TASKS)}")
    check_names("task", task, TASKS)
    check_count("count", count, least=0)
    check_count("seed", seed, least=0, most=2**63 - 1)
    check_folders(home)
    holds = verify_all(tuple(dict.fromkeys(task)), count, seed, THOROUGH if all else QUICK, home, results)
    print("everything holds" if holds else "NOT everything holds")
    sys.exit(0 if holds else 1)
