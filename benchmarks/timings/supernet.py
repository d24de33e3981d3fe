"""What weight sharing costs and saves on this machine: the supernet of a detection space against static networks.

    python -m benchmarks.timings.supernet

The first table times forward passes of one architecture, and training steps of a different one each ("skipping": with
skip_unused; "largest": all channels, all blocks fused with the largest expansion).  The second scores several
architectures: recalibration of batch statistics on two batches, then evaluation on one.  Calls of all rows take turns
and the shortest counts, since other work on the machine only ever adds time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import tyro
from flax import linen as nn
from rich.console import Console
from rich.table import Table

from hw_model.cost import count_macs
from tasks.networks.blocks import ChainNetwork
from tasks.networks.gates import make_gates
from tasks.networks.initialise import initialise
from tasks.networks.recalibrate import recalibrate
from tasks.networks.supernet import Supernet
from tasks.spaces.detection import detection_spaces

OUTPUT_CHANNELS = 7
CALIBRATION_BATCHES = 2
STEPS = 4
ROUNDS = 3


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


def main(side: int = 48, batch: int = 16, architectures: int = 8, seed: int = 0) -> None:
    """Print the two tables.

    Args:
        side: Image side in pixels, a multiple of 8.
        batch: Images in a batch.
        architectures: How many to score.
        seed: Of the architectures and images.
    """
    space = detection_spaces(OUTPUT_CHANNELS, side)["V3"]
    genotypes = np.random.default_rng(seed).integers(0, space.cardinalities, (architectures, len(space.cardinalities)))
    genotypes = genotypes.astype(np.int32)
    gates = make_gates(space.slots, space.lower(genotypes))
    first = jax.tree.map(lambda leaf: leaf[0], gates)
    init_key, image_key = jax.random.split(jax.random.key(seed))
    shape = (side, side, space.input_channels)
    batches = jax.random.normal(image_key, (CALIBRATION_BATCHES + 1, batch, *shape))
    # the most expensive network of the space: all channels, all fused with the largest expansion
    largest = ChainNetwork(space.decode([0] + [n - 1 for n in space.cardinalities[1:]]))
    nets: dict[str, nn.Module] = {
        "static, largest": largest,
        "supernet": Supernet(space.slots),
        "supernet, skipping": Supernet(space.slots, skip_unused=True),
    }
    console = Console()
    table = Table("one architecture", "compile s", "forwards/s", "training: compile s", "images/s")
    variables = {name: initialise(network, shape, init_key) for name, network in nets.items()}
    several = jax.tree.map(lambda leaf: leaf[np.arange(STEPS) % architectures], gates)
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
    for name in nets:
        both = [(passes[kind][name].compile_seconds, seconds[kind][name]) for kind in passes]
        (compile_forward, once), (compile_steps, steps) = both
        table.add_row(
            name, f"{compile_forward:.1f}", f"{1 / once:.0f}", f"{compile_steps:.1f}", f"{STEPS * batch / steps:.0f}"
        )
    console.print(table)

    network, shared = nets["supernet, skipping"], variables["supernet"]
    one = partial(score, network, shared, batches)
    scored = {
        "supernet, lax.map": compile_call(lambda g: jax.lax.map(one, g), gates),
        "supernet, vmap": compile_call(jax.vmap(one), gates),
    }
    table = Table(f"scoring {architectures} architectures", "compile s", "networks/s", "with compiling")
    for name, taken in shortest_seconds(scored).items():
        compiling = scored[name].compile_seconds
        table.add_row(
            name, f"{compiling:.1f}", f"{architectures / taken:.1f}", f"{architectures / (taken + compiling):.2f}"
        )
    blocks = [space.decode(genotype) for genotype in genotypes]
    singles = {}
    for index, chain in enumerate(blocks):
        small = ChainNetwork(chain)
        singles[str(index)] = compile_call(partial(score, small), initialise(small, shape, init_key), batches)
    compiling, taken = sum(t.compile_seconds for t in singles.values()), sum(shortest_seconds(singles).values())
    table.add_row(
        "static, each compiled",
        f"{compiling:.1f}",
        f"{architectures / taken:.1f}",
        f"{architectures / (taken + compiling):.2f}",
    )
    console.print(table)
    macs = np.mean([count_macs(chain) for chain in blocks]) / 1e6
    console.print(
        f"{side} x {side} pixels, batches of {batch}; the architectures have {macs:.1f} million MACs on average"
    )


if __name__ == "__main__":
    tyro.cli(main)
