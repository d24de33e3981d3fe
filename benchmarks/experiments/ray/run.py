"""Trials a second through the local executor and through Ray, and what is lost where workers and nodes are killed.

Writes results/ray/ray.csv; run: accelnas reproduce ray (needs accelnas[ray]).  Trials train nothing, so that the
figures are the overhead of handing out, running and collecting.  Nodes are those of a real Ray cluster on this machine,
one CPU each, of which the local executor's workers are as many.

trials_per_s: of the clock, workers started.  killed: workers or nodes that were killed with SIGKILL in the middle of a
trial.  lost: trials that came to nothing, and finished ones that were run again.  equal: whether all results are those
of the local executor.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.experiments.ray.settings import Settings
from benchmarks.runtime.executor import LocalExecutor
from benchmarks.runtime.handles import Executor
from benchmarks.store.files import write_table

__all__ = ["Settings", "run"]

SECONDS = 0.2
"""Of a trial in rows with a kill."""
NODES = 2
STORE_BYTES = 80 * 2**20


def trial(state: object, job: tuple[int, float, str], report: Callable[[float], None]) -> str:
    """A training that does nothing for so many seconds; it leaves a note of having begun and of its process.

    job: number, seconds, and the folder of notes or "".
    """
    number, seconds, notes = job
    if notes:
        (Path(notes) / f"{number}-{time.time_ns()}").write_text(str(os.getpid()))
    time.sleep(seconds)
    return f"{number * 2654435761 % 2**32:08x}"


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Measure, print and write.  Raises BenchmarkInputError where Ray is not installed."""
    from benchmarks.runtime.ray_executor import RayExecutor, check_address

    check_address("local")
    from ray.cluster_utils import Cluster

    few = settings.trials // 20
    local = lambda: LocalExecutor(NODES)  # noqa: E731
    rows = [_row("local", NODES, settings.trials, 0, local)]
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": STORE_BYTES})
    try:
        far = lambda: RayExecutor(str(cluster.address))  # noqa: E731
        rows.append(_row("ray", 1, settings.trials, 0, far))
        node = cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
        cluster.wait_for_nodes()
        rows.append(_row("ray", NODES, settings.trials, 0, far))
        rows.append(_row("ray", NODES, few, SECONDS, far, _kill_a_worker))
        rows.append(_row("ray", NODES, few, SECONDS, far, lambda notes: cluster.remove_node(node, False)))
    finally:
        cluster.shutdown()
    table = pd.DataFrame(rows)
    write_table(folder / "ray.csv", table)
    print(table.to_string(index=False, float_format="%.3g"))


def _row(
    name: str, nodes: int, trials: int, seconds: float, make: Callable[[], Executor], kill: Any = None
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as notes, make() as executor:
        for number in range(NODES):  # workers are started by their first trials
            executor.submit(trial, (-1 - number, SECONDS, ""))
        list(executor.as_completed())
        started = time.perf_counter()
        for number in range(trials):
            executor.submit(trial, (number, seconds, notes if kill else ""))
        found, finished, doomed = {}, {}, kill
        for handle in executor.as_completed():
            number = handle.job[0]
            found[number] = None if handle.error else handle.result()
            finished[number] = time.time_ns()
            if doomed is not None and len(found) == trials // 4:
                doomed(Path(notes))
                doomed = None
        taken = time.perf_counter() - started
        begun = [path.name.split("-") for path in Path(notes).iterdir()]
    again = sum(int(when) > finished[int(number)] for number, when in begun)
    right = {number: trial(None, (number, 0.0, ""), lambda fraction: None) for number in range(trials)}
    missing = sum(value is None for value in found.values()) + trials - len(found)
    row = {"executor": name, "nodes": nodes, "trials": trials, "trials_per_s": trials / taken}
    return row | {"killed": int(kill is not None), "lost": missing + again, "equal": found == right}


def _kill_a_worker(notes: Path) -> None:
    """The process that began a trial last."""
    last = max(notes.iterdir(), key=lambda path: int(path.name.split("-")[1]))
    os.kill(int(last.read_text()), signal.SIGKILL)
