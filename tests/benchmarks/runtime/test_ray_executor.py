"""Jobs on a real Ray cluster of two nodes on this machine: results, kills, errors, contests and tables."""

import math
import os
import pickle
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators import trained
from benchmarks.experiments.head_to_head.contenders import find_contender
from benchmarks.experiments.head_to_head.run import all_rows
from benchmarks.experiments.head_to_head.settings import Settings
from benchmarks.runtime.executor import LocalExecutor
from benchmarks.runtime.handles import Executor, JobHandle
from benchmarks.runtime.resources import GIB, choose_executor
from benchmarks.search.on_table import run_compare
from benchmarks.store.sqlite import open_store
from benchmarks.tables import build
from benchmarks.tables.files import SHIPPED, design_file, table_trials
from tests.benchmarks.experiments.test_head_to_head import CELL
from tests.benchmarks.runtime import ray_jobs

pytest.importorskip("ray", reason="pip install 'accelnas[ray]'")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # Ray's own
STORE_BYTES = 80 * 2**20


@pytest.fixture(scope="module")
def cluster():
    from ray.cluster_utils import Cluster

    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": STORE_BYTES})
    made.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
    made.wait_for_nodes()
    yield made
    made.shutdown()


def executor(cluster, **more):
    from benchmarks.runtime.ray_executor import RayExecutor

    return RayExecutor(cluster.address, initializer=ray_jobs.load, initargs=(3,), **more)


def test_results_and_progress_are_those_of_the_local_executor(cluster):
    seen = []
    with LocalExecutor(1, ray_jobs.load, (3,)) as local:
        expected = [local.submit(ray_jobs.train, seed) for seed in range(4)]
        expected = [handle.result() for handle in expected]
    with executor(cluster, on_progress=lambda handle, fraction: seen.append((handle.job, fraction))) as far:
        handles = [far.submit(ray_jobs.train, seed) for seed in range(4)]
        bad = far.submit(ray_jobs.fails, None)
        assert [handle.result() for handle in handles] == expected
        assert {job for job, fraction in seen if fraction == 1} == set(range(4))
        assert {handle.job for handle in far.as_completed()} == {0, 1, 2, 3, None}
        assert bad.error is not None
        assert bad.error.startswith("RuntimeError: a bug (ray_jobs.py, line ")
    with pytest.raises(RuntimeError, match="closed"):
        far.submit(ray_jobs.nothing, 1)


def test_a_job_that_stands_still_is_asked_about_every_other_second_and_no_more_often():
    from benchmarks.runtime.ray_executor import RayExecutor, _Worker

    asked = []
    where, progress = (SimpleNamespace(remote=remote) for remote in (lambda: "", lambda: asked.append(0) or "poll"))
    actor = SimpleNamespace(where=where, progress=progress)
    one, worker = RayExecutor.__new__(RayExecutor), _Worker(actor)
    one._workers, one._stall_seconds = [worker], 1_800.0
    worker.handle = object()
    worker.heard = worker.asked_at = time.monotonic() - 60
    for _ in range(5):
        one._look_after()
        worker.polled = None  # the answer is what it was
    assert len(asked) == 1


def of_one_worker(answers, **told):
    """An executor whose one worker has the job "first", and the worker; what is asked has these answers, or raises."""
    from ray import exceptions

    from benchmarks.runtime.ray_executor import RayExecutor, _Worker

    def get(ref):
        if isinstance(answers[ref], Exception):
            raise answers[ref]
        return answers[ref]

    ray = SimpleNamespace(get=get, exceptions=exceptions)
    ray.wait = lambda refs, num_returns, timeout: ([ref for ref in refs if ref in answers][:num_returns], [])
    remotes = {"where": lambda: "", "run": lambda payload: "run 2", "progress": lambda: "poll again"}
    actor = SimpleNamespace(**{name: SimpleNamespace(remote=remote) for name, remote in remotes.items()})
    one, worker = RayExecutor.__new__(RayExecutor), _Worker(actor)
    Executor.__init__(one, **told)
    one._ray, one._workers, one._most, one._cpus, one._counted = ray, [worker], 1, 1.0, math.inf
    one._stall_seconds = one._max_bytes = math.inf
    one._start_failures = 0
    worker.node, worker.ready, worker.asked, worker.polled = "here", True, "run 1", "poll"
    worker.handle = JobHandle(one, "first", b"")
    return one, worker


@pytest.mark.parametrize("late", [False, True])  # in the same step, or in one after it
def test_how_far_the_last_job_was_is_not_said_of_the_next(late):
    answers, seen = {"run 1": (("result", pickle.dumps(1)), 0)} | ({} if late else {"poll": 1.0}), []
    one, worker = of_one_worker(answers, on_progress=lambda handle, fraction: seen.append((handle.job, fraction)))
    one._waiting.append(JobHandle(one, "second", b""))
    one._step(0)
    answers["poll"] = 1.0
    one._step(0)
    assert seen == [("first", 1.0), ("second", 0.0)]
    assert worker.handle is not None
    assert (worker.handle.job, worker.fraction) == ("second", 0.0)


@pytest.mark.parametrize("asked", ["run 1", "poll"])
@pytest.mark.parametrize("name", ["OutOfMemoryError", "ObjectLostError", "ActorUnschedulableError", "ActorDiedError"])
def test_the_job_of_a_worker_is_tried_again_whatever_ray_ended_it_for(name, asked):
    from ray import exceptions

    more = ("", None, "") if name == "ObjectLostError" else () if name == "ActorDiedError" else ("why",)
    retried = []
    one, worker = of_one_worker({asked: getattr(exceptions, name)(*more)}, on_retry=lambda *said: retried.append(said))
    handle = worker.handle
    one._step(0)
    assert retried == [(handle, f"worker lost ({name})")]
    assert list(one._waiting) == [handle]
    assert not one._workers


def test_a_killed_workers_job_is_tried_again(cluster, tmp_path):
    retried = []
    with executor(cluster, on_retry=lambda handle, reason: retried.append((handle.job, reason))) as far:
        kills = [far.submit(ray_jobs.killed_once, str(tmp_path / "one"))]
        quiet = [far.submit(ray_jobs.nothing, number) for number in range(20)]
        assert [handle.result() for handle in kills] == ["killed"]
        assert [handle.result() for handle in quiet] == list(range(20))
    assert [job for job, _ in retried] == [str(tmp_path / "one")]
    assert retried[0][1].startswith("worker lost")


def test_a_killed_nodes_job_is_tried_again_elsewhere_and_nothing_finished_is_repeated(cluster, tmp_path):
    node = cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
    cluster.wait_for_nodes()
    folder, may_end, retried, nodes = tmp_path / "begun", tmp_path / "may end", [], [node]
    folder.mkdir()

    def begun():
        return [(int(path.name.split("-")[0]), path.read_text()) for path in folder.iterdir()]

    def kill_in_the_middle(handle, fraction):
        if nodes and len({process for _, process in begun() if process}) == 3:
            cluster.remove_node(nodes.pop(), allow_graceful=False)

    def let_others_end(handle, reason):
        # not before: the node's process may outlive it for a moment
        retried.append(handle.job)
        may_end.touch()

    with executor(cluster, on_progress=kill_in_the_middle, on_retry=let_others_end) as far:
        for number in range(9):
            far.submit(ray_jobs.held, (str(folder), str(may_end), number))
        ended = [handle.result() for handle in far.as_completed()]
    assert sorted(ended) == list(range(9))
    assert len(retried) == 1
    assert sorted(number for number, _ in begun()) == sorted([*range(9), retried[0][2]])


@pytest.fixture
def on_cluster(cluster, monkeypatch):
    """What --executor ray --address ... says."""
    monkeypatch.setenv("ACCELNAS_WORKER_GIB", "1")
    monkeypatch.setenv("ACCELNAS_WORKERS", "1")

    def choose():
        choose_executor("ray", cluster.address)

    for name in ("ACCELNAS_EXECUTOR", "ACCELNAS_ADDRESS"):
        monkeypatch.setenv(name, "")  # restored afterwards
    return choose


def test_contests_on_a_cluster_come_to_what_they_come_to_here(on_cluster, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text((Path(__file__).parents[3] / "examples" / "climber.py").read_text())
    contenders = [find_contender(name) for name in ("random", "zero_shot:params", str(file))]
    settings = Settings(contenders=tuple(each.name for each in contenders), budgets=(5,), seeds=4, pool=20)
    table = tmp_path / "mine.csv"
    table.write_text("width,quality\n8,0.5\n16,0.7\n24,0.9\n")

    def both():
        rows = all_rows(contenders, [CELL], settings, say=lambda text: None)
        found = [(each.rows.tolist(), each.seen.tolist()) for row in rows for each in row.searches]
        frame = run_compare(table, None, {}, ("local_search",), 1, 2, 4, tmp_path / "results")
        return repr(found), frame.to_csv()

    here = both()
    on_cluster()
    assert both() == here


def test_a_table_built_on_a_cluster_is_in_the_callers_store_though_a_worker_was_killed(
    on_cluster, monkeypatch, tmp_path
):
    monkeypatch.setattr(trained, "run_trial", ray_jobs.stand_in)
    monkeypatch.setattr(trained, "load_worker_data", ray_jobs.home_alone)
    monkeypatch.setattr(build, "prepare_with_progress", lambda *_: None)
    home, results = tmp_path / "home", tmp_path / "results"
    design_file(results, "classification").parent.mkdir(parents=True)
    shutil.copy(design_file(SHIPPED, "classification"), design_file(results, "classification"))
    on_cluster()
    assert build.build(home, results, "classification", "alone", 5) == 5
    assert (home / "killed").exists()
    with open_store(home) as store:
        stored = {trial.key: trial.quality for trial in store.trials()}
    assert {trial.key: trial.quality for trial in table_trials(results, "classification")} == stored
    assert {key.seed: quality["accuracy"] for key, quality in stored.items()} == {
        key.seed: 1 / (1 + key.seed) for key in stored
    }


def test_a_cluster_whose_machines_are_all_too_small_is_refused_and_an_empty_one_waited_for():
    from benchmarks.runtime.ray_executor import check_memory

    small = {"Alive": True, "Resources": {"CPU": 2.0, "memory": 3 * GIB}}
    lost = {"Alive": False, "Resources": {"CPU": 2.0, "memory": 9 * GIB}}
    with pytest.raises(BenchmarkInputError, match=r"no machine of the Ray cluster has more than 3\.0"):
        check_memory([small, lost], 5 * GIB)
    check_memory([small, small | {"Resources": {"CPU": 1.0, "memory": 5 * GIB}}], 5 * GIB)
    check_memory([{"Alive": True, "Resources": {"memory": GIB}}], 5 * GIB)  # which starts others


def test_what_is_not_there_is_one_line():
    from benchmarks.runtime.ray_executor import RayExecutor

    with pytest.raises(BenchmarkInputError, match="allowed: auto, local, HOST:PORT"):
        RayExecutor("here")
    with pytest.raises(BenchmarkInputError, match=r"no Ray cluster at address '127\.0\.0\.1:1'"):
        RayExecutor("127.0.0.1:1")
