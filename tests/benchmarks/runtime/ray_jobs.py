"""Jobs that tests have workers of a Ray cluster do; a module of its own, which workers import without pytest."""

import os
import signal
import time
from pathlib import Path

from benchmarks.store.records import Trial


def load(scale):
    return {"scale": scale, "process": os.getpid()}


def train(state, job, report):
    """A tiny training in JAX, of the seed of the job: the loss after twenty steps, to the last bit."""
    import jax
    import jax.numpy as jnp

    w_key, x_key = jax.random.split(jax.random.key(job))
    w, x = jax.random.normal(w_key, (64, 64)), jax.random.normal(x_key, (128, 64))
    step = jax.jit(lambda w: w - 0.1 * jax.grad(lambda w: (jnp.tanh(x @ w) ** 2).mean())(w))
    for index in range(20):
        w = step(w)
        report((index + 1) / 20)
    return float((w**2).sum() * state["scale"]).hex()


def held(state, job, report):
    """Says each time which process it is in, and ends once it may, or after a minute."""
    begun, may_end, number = job
    (Path(begun) / f"{number}-{time.time_ns()}").write_text(str(state["process"]))
    for look in range(600):
        if Path(may_end).exists():
            break
        report((look + 1) / 601)
        time.sleep(0.1)
    return number


def killed_once(state, job, report):
    """Ends its process the first time."""
    marker = Path(job)
    if not marker.exists():
        marker.write_text("killed")
        os.kill(os.getpid(), signal.SIGKILL)
    return marker.read_text()


def fails(state, job, report):
    raise RuntimeError("a bug")


def nothing(state, job, report):
    return job


def home_alone(home, *_):
    """In place of the data that trainings need."""
    return home


def stand_in(home, job, report):
    """In place of a training: a quality that the seed gives; the process of the first that is asked for ends once."""
    killed_once(None, str(home / "killed"), report)
    spent = {"example_passes": 8, "training_flops": 1.0, "seconds": 1.0}
    return Trial.finished(job.key, {"accuracy": 1 / (1 + job.seed)}, **spent)
