"""`accelnas compare`: families of search head-to-head."""

from __future__ import annotations

from pathlib import Path

from benchmarks.errors import check_count
from benchmarks.experiments.head_to_head.settings import CONTENDERS, ContestSettings
from benchmarks.home import DEFAULT_HOME, check_folders


def compare(
    task: str = "detection",
    accelerator: str = "ethos-u65-512",
    contenders: tuple[str, ...] = CONTENDERS,
    space: str = "curated",
    budget: int = 6,
    seeds: int = 3,
    final_seeds: int = 2,
    pool: int = 128,
    latency_ms: float | None = None,
    profile: str = "quick",
    table: Path | None = None,
    objectives: int = 1,
    home: Path = DEFAULT_HOME,
    output: Path = Path("results"),
) -> None:
    """Compare searches at equal spend; every winner is trained again, the same way for all.

    Writes OUTPUT/head_to_head/head_to_head.csv, head_to_head_searches.csv, head_to_head_curves.csv and
    head_to_head.png; rows of other tasks, accelerators and contenders are kept.  Stop it at any moment: the same
    command goes on where it was.

    Args:
        task: classification, detection or segmentation.
        accelerator: A name that `accelnas list` prints; with --table also a CSV file of costs of the table's networks.
        contenders: baseline, expert, algorithms that `accelnas list` prints, FILE.py, zero_shot:SCORE,
            zero_shot_evolution:SCORE, zero_shot_predictor:SCORE, supernet_ranking:SINGLE_SHOT.
        space: curated, uncurated, auto-curated, or the path of a Python file.
        budget: Trainings whose example passes each search may spend.
        seeds: Searches of each contender.
        final_seeds: Trainings of each search's winner.
        pool: Random networks within the bound that zero-shot scores choose from.
        latency_ms: Most latency; the baseline's if no bound is given.
        profile: smoke, quick, careful or full: how networks are trained.
        table: CSV file of networks that were trained, to compare strategies in (docs/how-to/own_tables.md).
        objectives: With --table 1, the highest quality, or 2, the Pareto front of quality and the first cost.
        home: Directory that data, trials and measurements are kept in.
        output: Directory of the results of all experiments; profiles but quick have folders of their own there.
    """
    check_folders(*(() if table else (home,)), output)
    check_count("final_seeds", final_seeds)
    check_count("budget", budget)
    if table is not None:
        from benchmarks.search.on_table import run_compare

        names = () if contenders == CONTENDERS else contenders  # most of which are no strategies
        run_compare(table, accelerator, {"latency_ms": latency_ms}, names, objectives, budget, seeds, output)
        return
    # jax and pandas take seconds to load, which `accelnas --help` need not pay
    from benchmarks.experiments.head_to_head.contest import make_contest
    from benchmarks.experiments.head_to_head.report import run_and_write
    from benchmarks.store.files import results_folder

    settings = ContestSettings(task, accelerator, contenders, profile, space, budget, seeds, final_seeds, pool)
    folder = results_folder(output, "head_to_head", profile)
    run_and_write(make_contest(home, settings, latency_ms), contenders, final_seeds, folder)
