"""Published measurements on real boards beside Vela's and the estimators' figures for the same networks.

Writes results/silicon/silicon.csv, a row a measurement; run: accelnas reproduce silicon.  Networks are built from their
published shapes, with weights drawn as everywhere; vela_ms and estimator_ms are those of the accelerator's default
system and memory mode at the board's clock.  Nothing here was measured by us.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.silicon.measured import MEASURED, Measured
from benchmarks.experiments.silicon.networks import NETWORKS
from benchmarks.experiments.silicon.settings import Settings
from benchmarks.store.files import write_table
from hw_model.boards import BOARDS
from hw_model.cost import count_macs, count_param_bytes
from hw_model.predict import at_clock, compiled, predict
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.system import in_system

OWN_SYSTEM = {"imx93": "Ethos_U65_High_End"}
"""Vela's system configuration that a board's vendor compiles with, where it is one that Vela ships."""


def silicon_row(measured: Measured) -> dict[str, object]:
    """One measurement with what is said of its network."""
    board, blocks = BOARDS[measured.board], NETWORKS[measured.network]()
    target = in_system(ETHOS_U[board.accelerator], clock_mhz=board.clock_mhz)
    said = compiled(blocks, target).cost
    estimated = at_clock(predict(blocks, board.accelerator), board.clock_mhz)
    own = OWN_SYSTEM.get(measured.board)
    return {
        "network": measured.network,
        "board": measured.board,
        "measured_ms": measured.measured_ms,
        "vela_ms": said.latency_ms,
        "estimator_ms": estimated.cost.latency_ms,
        "vela_own_system_ms": (
            compiled(blocks, in_system(ETHOS_U[board.accelerator], system_config=own)).cost.latency_ms if own else None
        ),
        "accelerator": board.accelerator,
        "clock_mhz": board.clock_mhz,
        "macs": count_macs(blocks),
        "param_bytes": count_param_bytes(blocks),
        "outside_fit": "; ".join(estimated.outside_fit),
        "source": measured.source,
    }


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Compile, estimate, print and write the table."""
    unknown = [name for name in settings.networks if name not in NETWORKS]
    if unknown:
        raise BenchmarkInputError(f"unknown network {unknown[0][:40]!r}; allowed: {', '.join(NETWORKS)}")
    table = pd.DataFrame([silicon_row(each) for each in MEASURED if each.network in settings.networks])
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "silicon.csv", table)
    print(
        table.drop(columns=["source", "outside_fit"]).to_string(index=False, float_format=lambda value: f"{value:.4g}")
    )
