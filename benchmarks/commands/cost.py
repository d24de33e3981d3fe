"""`accelnas cost`: what a network in a JSON file costs on accelerators, per block and in total."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from hw_model.errors import HardwareInputError
from hw_model.network_file import EXAMPLES, Network, load_network

if TYPE_CHECKING:
    from rich.table import Table

    from hw_model.predict import Prediction

_TABLE_WIDTH = 100


def cost(
    network: tyro.conf.Positional[Path],
    accelerator: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = (),
    compile: bool = False,
    json: bool = False,
) -> None:
    """Print latency, peak activation memory, parameter memory, energy and MACs of a network.

    Args:
        network: JSON file of a network (hw_model/network_file.py says how to write one), or the name of one that
            ships with the package, such as mobilenet_v2_050.
        accelerator: Name of an accelerator; repeat the option for several. ethos-u55-256 and npu-p32 if left out.
        compile: Compile with the vendor's compiler instead of estimating (Ethos-U only).
        json: Print JSON instead of tables.
    """
    loaded = load_network(_find(network))
    from hw_model.predict import predict  # jax takes seconds to load, which `accelnas --help` need not pay

    names = accelerator or (("ethos-u55-256",) if compile else ("ethos-u55-256", "npu-p32"))
    predictions = [predict(loaded.blocks, name, "compile" if compile else "estimate") for name in names]
    if json:
        print(json_module.dumps(as_json(loaded, predictions), indent=2))
        return
    from rich.console import Console

    console = Console(width=max(Console().width, _TABLE_WIDTH))  # also when the output is no terminal
    for prediction in predictions:
        console.print(_table(loaded, prediction))


def as_json(network: Network, predictions: list[Prediction]) -> dict[str, Any]:
    """The documented, stable form of the answer.

    {"format": 1, "network": name, "results": [{"accelerator", "method" (estimator, compiler or analytic),
    "latency_ms", "latency_std_ms" (null where unknown), "peak_activation_bytes", "param_bytes", "macs", "energy_mj",
    "blocks": [{"block" (position from 0), "kind", "latency_ms", "sram_bytes", "param_bytes", "macs"}]}]}
    """
    results = []
    for prediction in predictions:
        blocks = [{"block": position, **vars(part)} for position, part in enumerate(prediction.blocks)]
        results.append(
            {
                "accelerator": prediction.accelerator,
                "method": prediction.method,
                **prediction.cost._asdict(),
                "latency_std_ms": prediction.latency_std_ms,
                "blocks": blocks,
            }
        )
    return {"format": 1, "network": network.name, "results": results}


def _find(path: Path) -> Path:
    if path.exists():
        return path
    shipped = {example.stem: example for example in sorted(EXAMPLES.glob("*.json"))}
    if str(path) in shipped:
        return shipped[str(path)]
    raise HardwareInputError(f"no network file {path}; allowed: a JSON file or one of {', '.join(shipped)}")


def _table(network: Network, prediction: Prediction) -> Table:
    from rich.table import Table

    cost = prediction.cost
    spread = "" if not prediction.latency_std_ms else f" ± {prediction.latency_std_ms:.3g}"
    title = (
        f"{network.name} on {prediction.accelerator} ({prediction.method}): {cost.latency_ms:.4g}{spread} ms, "
        f"{cost.peak_activation_bytes / 1024:.0f} KiB peak activations, {cost.param_bytes / 1024:.0f} KiB parameters, "
        f"{cost.macs / 1e6:.4g} M MACs, {cost.energy_mj:.3g} mJ"
    )
    table = Table(title=title, title_justify="left")
    for name in ("block", "kind", "input", "output", "ms", "SRAM KiB", "param KiB", "M MACs"):
        table.add_column(name, no_wrap=True, justify="left" if name == "kind" else "right")
    for position, (block, part) in enumerate(zip(network.blocks, prediction.blocks, strict=True)):
        table.add_row(
            str(position),
            block.kind,
            f"{block.height}x{block.width}x{block.in_channels}",
            f"{block.out_height}x{block.out_width}x{block.out_channels}",
            f"{part.latency_ms:.4g}",
            f"{part.sram_bytes / 1024:.0f}",
            f"{part.param_bytes / 1024:.1f}",
            f"{part.macs / 1e6:.3g}",
        )
    return table
