"""`accelnas trials`: take trainings from here to there, and do some of them again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import tyro

from benchmarks.home import DEFAULT_HOME


def trials(
    action: Annotated[Literal["export", "import", "verify"], tyro.conf.Positional],
    file: Annotated[Path, tyro.conf.Positional] = Path("results/trials.parquet"),
    count: int = 3,
    seed: int = 0,
    tolerance: float = 0.05,
    home: Path = DEFAULT_HOME,
) -> None:
    """Write all trainings kept here to a file, take those of a file, or train some of a file's again and compare.

    After an import, experiments find those trainings and do not repeat them.  On the machine that trained them the same
    trainings give the same qualities to the last bit; elsewhere they differ as those of other seeds do.

    Args:
        action: export, import or verify.
        file: Parquet file of trials.
        count: verify: how many to train again.
        seed: verify: which; another number draws others.
        tolerance: verify: difference in a task's metric from which the exit code is 1.
        home: Directory that data and trials are kept in.
    """
    from benchmarks.store.parquet import import_trials, read_trials, write_trials
    from benchmarks.store.sqlite import TrialStore

    if action == "verify":
        from benchmarks.evaluators.verify import verify

        sys.exit(0 if verify(read_trials(file), count, seed, tolerance, home) else 1)
    with TrialStore(home / "trials.sqlite") as store:
        if action == "export":
            print(f"{write_trials(store.trials(), file)} trials written to {file}")
        else:
            found = read_trials(file)
            print(f"{import_trials(found, store)} of {len(found)} trials were new")
