"""`accelnas compare`: families of search head-to-head on a trained table, or strategies on a table of one's own."""

from __future__ import annotations

from pathlib import Path

from benchmarks.errors import BenchmarkInputError, check_count, check_unused
from benchmarks.experiments.head_to_head.settings import BUDGETS, COUNTS, STRATEGIES, Settings
from benchmarks.home import DEFAULT_HOME, check_folders
from benchmarks.runtime.resources import choose_executor

CONTENDERS = ("baseline", "expert", *STRATEGIES, "auto", *COUNTS)


def compare(
    task: str = "detection",
    accelerator: str | None = None,
    contenders: tuple[str, ...] = CONTENDERS,
    budget: tuple[int, ...] = (10, 30, 100),
    seeds: int = 1_000,
    slow_seeds: int = 30,
    pool: int = 125,
    latency_ms: float | None = None,
    peak_bytes: float | None = None,
    param_bytes: float | None = None,
    table: Path | None = None,
    objectives: int = 1,
    executor: str | None = None,
    address: str | None = None,
    results: Path = Path("results"),
) -> None:
    """Compare searches at equal spend on a task's trained table; nothing is trained, minutes at most.

    A search sees what one training of each network would show, by the table's surrogate with its noise between seeds,
    and is worth the expected quality of what it chose within the baseline's latency.  Writes head_to_head.csv, its
    curves, differences, ledger and winners, and head_to_head.png to RESULTS/compare-..., named by the settings;
    with --table compare.csv to RESULTS/table-NAME-compare-....

    Args:
        task: classification, detection or segmentation.
        accelerator: A name that `accelnas list` prints, ethos-u65-512 if left out; with --table a CSV file of costs of
            its networks.
        contenders: baseline, expert, strategies that `accelnas list` prints, FILE.py, "optuna TPE", "pymoo GA" (what
            they need: pip install "accelnas[peers]"), zero_shot:SCORE, hybrids such as zero_shot_local:SCORE and
            baseline_genetic; random is always among them.
        budget: Trainings whose example passes each search may spend; with --table the largest of them.
        seeds: Searches of each contender.
        slow_seeds: Of those that fit a model between trainings or run on the host, and of other packages'.
        pool: Networks that a score chooses from.
        latency_ms: With --table: most latency.
        peak_bytes: Likewise, most memory for activations.
        param_bytes: Likewise, most memory for parameters.
        table: CSV or .npz file of networks that were trained, to compare strategies in (docs/how-to/own_tables.md).
        objectives: With --table 1, the highest quality, or 2, the Pareto front of quality and the first cost.
        executor: Where searches run: local, in this process, or ray, a contender and budget at a time on a cluster.
        address: Of the Ray cluster: auto, HOST:PORT or ray://HOST:PORT.
        results: Directory of the results of all experiments.
    """
    choose_executor(executor, address)
    check_folders(results)
    for each in budget or (0,):
        check_count("budget", each, *(BUDGETS if table is None else ()))
    bounds = {"latency_ms": latency_ms, "peak_activation_bytes": peak_bytes, "param_bytes": param_bytes}
    if table is None and (objectives != 1 or any(value is not None for value in bounds.values())):
        raise BenchmarkInputError("a bound or --objectives without --table; allowed: with a table of one's own")
    # jax and pandas take seconds to load, which `accelnas --help` need not pay
    if table is not None:
        from benchmarks.search.on_table import run_compare

        unused = {"task": task, "slow_seeds": slow_seeds, "pool": pool}
        check_unused("--table", compare, unused, "as every strategy searches the same table")
        names = () if contenders == CONTENDERS else contenders
        run_compare(table, accelerator, bounds, names, objectives, max(budget), seeds, results)
        return
    everybody = tuple(dict.fromkeys(("random", *contenders)))
    accelerator = "ethos-u65-512" if accelerator is None else accelerator
    settings = Settings((task,), (accelerator,), everybody, budget, seeds, slow_seeds, pool)
    from benchmarks.evaluators.spec import strategy_content
    from benchmarks.experiments.head_to_head.contenders import find_contender
    from benchmarks.experiments.head_to_head.run import run
    from benchmarks.experiments.head_to_head.scored import check_takes_part
    from benchmarks.store.files import run_folder
    from hw_model.cost_models import cost_model
    from tasks.registry import make_task

    make_task(task)
    check_takes_part(map(find_contender, everybody), task)
    cost_model(accelerator)
    told = vars(settings) | {"contenders": list(map(strategy_content, everybody))}
    run(settings, DEFAULT_HOME, run_folder(results, "compare", told))
