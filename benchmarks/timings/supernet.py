"""What weight sharing costs and saves on this machine: the supernet of a detection space against static networks.

    accelnas reproduce supernet_speed

Writes results/timings/supernet_speed.csv: forward passes of one architecture, training steps of a different one each
("skipping": with skip_unused; "largest": all channels, all blocks fused with the largest expansion), and scoring
several architectures: recalibration of batch statistics on two batches, then evaluation on one.  Calls of all rows take
turns and the shortest counts, since other work on the machine only ever adds time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from flax import linen as nn

from benchmarks.store.files import write_table
from hw_model.cost import count_macs
from tasks.networks.blocks import ChainNetwork
from tasks.networks.gates import make_gates
from tasks.networks.initialise import initialise
from tasks.networks.recalibrate import recalibrate
from tasks.networks.supernet import Supernet
from tasks.spaces.detection import SKELETON, article_choices
from tasks.spaces.skeleton import CHANNEL_STEP, space_over

OUTPUT_CHANNELS = 7
CALIBRATION_BATCHES = 2
STEPS = 4
ROUNDS = 3
WHAT = {"forward": "forwards of one architecture", "steps": "images trained"}


class Timed(NamedTuple):
    """A compiled call and what it took to make it."""

    call: Callable[[], Any]
    compile_seconds: float


def compile_call(function: Callable[..., Any], *arguments: Any) -> Timed:
    """The call of the function on these arguments."""
    started = time.perf_counter()
    compiled = jax.jit(function).lower(*arguments).compile()
    return Timed(lambda: jax.block_until_ready(compiled(*arguments)), time.perf_counter() - started)


def shortest_seconds(timed: dict[str, Timed]) -> dict[str, float]:
    """Seconds of each call, the shortest of ROUNDS after one to warm up."""
    seconds = {name: [] for name in timed}
    for _ in range(ROUNDS + 1):
        for name, (call, _) in timed.items():
            started = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - started)
    return {name: min(values[1:]) for name, values in seconds.items()}


def forward(network: nn.Module, variables: Any, images: jax.Array, *gates: Any) -> jax.Array:
    """Output by batch statistics."""
    return network.apply(variables, images, *gates, train=True, mutable=["batch_stats"])[0]


def training_steps(network: nn.Module, variables: Any, images: jax.Array, *gates: Any) -> Any:
    """Parameters after STEPS steps of gradient descent on the mean square of the output, in a scan as in training.

    gates: of one architecture for each step.
    """
    rest = {name: value for name, value in variables.items() if name != "params"}

    def step(params: Any, gates: Any) -> tuple[Any, None]:
        def loss(params: Any) -> jax.Array:
            return (forward(network, {"params": params, **rest}, images, *gates) ** 2).mean()

        return jax.tree.map(lambda w, g: w - 0.01 * g, params, jax.grad(loss)(params)), None

    return jax.lax.scan(step, variables["params"], gates, length=STEPS)[0]


def score(network: nn.Module, variables: Any, batches: jax.Array, gates: Any = None) -> jax.Array:
    """Mean square of the output on the last batch, with statistics of the others."""
    stats = recalibrate(network, variables, gates, batches[:-1])
    arguments = () if gates is None else (gates,)
    output = network.apply({"params": variables["params"], "batch_stats": stats}, batches[-1], *arguments, train=False)
    return jnp.mean(jnp.asarray(output) ** 2)


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce supernet_speed --set NAME=VALUE` may change."""

    side: int = 48
    """Image side in pixels, a multiple of 8."""
    batch: int = 16
    """Images in a batch."""
    architectures: int = 8
    """How many to score."""
    seed: int = 0
    """Of the architectures and images."""


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Time all, write and print the table."""
    skeleton = replace(SKELETON, sides=(settings.side,))
    space = space_over(skeleton, "V3", article_choices(skeleton)["V3"], OUTPUT_CHANNELS, CHANNEL_STEP)
    genotypes = np.random.default_rng(settings.seed).integers(
        0, space.cardinalities, (settings.architectures, len(space.cardinalities))
    )
    genotypes = genotypes.astype(np.int32)
    gates = make_gates(space.slots, space.lower(genotypes))
    first = jax.tree.map(lambda leaf: leaf[0], gates)
    init_key, image_key = jax.random.split(jax.random.key(settings.seed))
    shape = (settings.side, settings.side, space.input_channels)
    batches = jax.random.normal(image_key, (CALIBRATION_BATCHES + 1, settings.batch, *shape))
    # the most expensive network of the space: all channels, all fused with the largest expansion
    largest = ChainNetwork(space.decode([0] + [n - 1 for n in space.cardinalities[1:]]))
    nets: dict[str, nn.Module] = {
        "static, largest": largest,
        "supernet": Supernet(space.slots),
        "supernet, skipping": Supernet(space.slots, skip_unused=True),
    }
    variables = {name: initialise(network, shape, init_key) for name, network in nets.items()}
    several = jax.tree.map(lambda leaf: leaf[np.arange(STEPS) % settings.architectures], gates)
    passes = {
        kind: {
            name: compile_call(
                partial(function, network), variables[name], batches[0], *(() if network is largest else (chosen,))
            )
            for name, network in nets.items()
        }
        for kind, function, chosen in (("forward", forward, first), ("steps", training_steps, several))
    }
    seconds = {kind: shortest_seconds(timed) for kind, timed in passes.items()}
    counts = {"forward": 1, "steps": STEPS * settings.batch}
    rows = [
        _row(WHAT[kind], name, passes[kind][name].compile_seconds, counts[kind], seconds[kind][name])
        for kind in passes
        for name in nets
    ]

    network, shared = nets["supernet, skipping"], variables["supernet"]
    one = partial(score, network, shared, batches)
    scored = {
        "supernet, lax.map": compile_call(lambda g: jax.lax.map(one, g), gates),
        "supernet, vmap": compile_call(jax.vmap(one), gates),
    }
    rows += [
        _row("scoring", name, scored[name].compile_seconds, settings.architectures, taken)
        for name, taken in shortest_seconds(scored).items()
    ]
    blocks = [space.decode(genotype) for genotype in genotypes]
    singles = {}
    for index, chain in enumerate(blocks):
        small = ChainNetwork(chain)
        singles[str(index)] = compile_call(partial(score, small), initialise(small, shape, init_key), batches)
    compiling, taken = sum(t.compile_seconds for t in singles.values()), sum(shortest_seconds(singles).values())
    rows.append(_row("scoring", "static, each compiled", compiling, settings.architectures, taken))
    macs = np.mean([count_macs(chain) for chain in blocks]) / 1e6
    table = pd.DataFrame(rows).assign(side=settings.side, batch=settings.batch, million_macs=macs)
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "supernet_speed.csv", table, digits=4)
    print(table.to_string(index=False, float_format=lambda value: f"{value:.4g}"))


def _row(what: str, network: str, compile_seconds: float, count: int, seconds: float) -> dict[str, Any]:
    return {
        "what": what,
        "network": network,
        "compile_s": compile_seconds,
        "per_s": count / seconds,
        "per_s_with_compiling": count / (seconds + compile_seconds),
    }
