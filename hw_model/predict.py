"""The cost of one network on an accelerator by name, block by block, by whichever of the three ways is asked for."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hw_model.blocks import MAX_BLOCKS, Block, check_network, is_chain
from hw_model.cost import Cost, count_macs, count_param_bytes
from hw_model.cost_models import CostModel, Method, check_method, cost_model, is_block_file
from hw_model.errors import HardwareInputError
from hw_model.learned.device import THIS_DEVICE, current_device
from hw_model.learned.outside import outside_fit
from hw_model.operator_arrays import OperatorArrays, graph_arrays, operator_places
from hw_model.operators import OperatorReport, chain_operators
from hw_model.vela.accelerators import ETHOS_U, EthosU
from hw_model.vela.chain import measured_cost
from hw_model.vela.compiler import compile_operators
from hw_model.vela.weights import DEFAULT, WeightValues, weight_values
from hw_model.workload import Workload, workload_from_chains

OUTSIDE_SHARE = 0.02
"""Of the latency, the share of operators beyond what the model was fitted to from which an estimate is extrapolated."""
_LENGTHS = (32, 64, 128, MAX_BLOCKS)  # few shapes, so few compilations of JAX's own


@dataclass(frozen=True)
class BlockCost:
    """One block's part of a network's cost."""

    kind: str
    """As in Block."""
    latency_ms: float
    """Milliseconds."""
    sram_bytes: float
    """SRAM in use while it runs."""
    param_bytes: int
    """Int8 weights and int32 biases."""
    macs: int
    """Multiply-accumulates."""


@dataclass(frozen=True)
class Prediction:
    """A network's cost on an accelerator."""

    accelerator: str
    """Its name."""
    method: str
    """"estimator" (learned), "compiler" (really compiled), "analytic" (the parametric NPU) or "blocks" (a file of
    blocks that were timed)."""
    cost: Cost
    """Of the whole network.  Energy and off-chip traffic are NaN where an estimator was fitted to networks whose
    traffic was not kept, and of devices and blocks that were timed."""
    latency_std_ms: float | None
    """Standard deviation of the latency's error against the compiler; None where the method cannot tell, and for the
    compiler itself, whose figure is one of a model of the hardware and of the weights assumed."""
    peak_std_bytes: float | None
    """Likewise of the peak's."""
    extrapolated: bool
    """Whether operators are larger, wider or otherwise beyond all that the model was fitted to, or of a kind that it
    was not, so that neither figures nor their standard deviations mean much."""
    weights: str
    """What the figures assume of the weights' values, which the compiler compresses."""
    weight_compression: float | None
    """Bytes of the weights as the compiler stores them / int8 bytes; None where nothing was compiled."""
    blocks: tuple[BlockCost, ...]
    """Of each block."""
    outside_fit: tuple[str, ...] = ()
    """What no network had that the model was fitted to, such as "avg_pool (block 9)"."""


def compiled(blocks: Sequence[Block], accelerator: EthosU, weights: Sequence[str] = ()) -> Prediction:
    """Cost of a network compiled for an accelerator, which may be in a system of one's own (hw_model.vela.system).

    weights: what is assumed of the weights' values, as hw_model.vela.weights.weight_values takes it.
    Raises HardwareInputError for blocks that are not allowed, and for such words that are not.
    """
    check_network(blocks)
    stored = functools.partial(_stored_share, blocks, accelerator)
    return _compiled(blocks, accelerator, weight_values(weights, stored))


def _stored_share(blocks: Sequence[Block], accelerator: EthosU, steps: np.ndarray) -> float:
    """Bytes of the weights as the compiler stores them over their number, drawn from these values."""
    share = _compression(blocks, compile_operators(blocks, accelerator, steps)[1])
    if share is None:
        raise HardwareInputError("the network has no weights; allowed: networks with weights")
    return share


def _compression(blocks: Sequence[Block], report: OperatorReport) -> float | None:
    """The same of what was compiled, None without weights; kernels that the compiler makes up for pools are none."""
    operators = chain_operators(blocks)
    weights = sum(operator.weights for operator in operators)
    each = zip(operators, report.operator_weight_bytes, strict=True)
    return sum(stored for operator, stored in each if operator.weights) / weights if weights else None


def at_clock(prediction: Prediction, clock_mhz: float) -> Prediction:
    """An Ethos-U's estimate at another clock; its memories' clocks are scaled with it, so cycles stay."""
    factor = ETHOS_U[prediction.accelerator].clock_hz / (clock_mhz * 1e6)
    std = prediction.latency_std_ms
    return replace(
        prediction,
        accelerator=f"{prediction.accelerator} ({clock_mhz:g} MHz)",
        cost=prediction.cost._replace(latency_ms=prediction.cost.latency_ms * factor),
        latency_std_ms=None if std is None else std * factor,
        blocks=tuple(replace(part, latency_ms=part.latency_ms * factor) for part in prediction.blocks),
    )


def predict(blocks: Sequence[Block], accelerator: str, method: Method = "estimate") -> Prediction:
    """Cost of a network on the accelerator of that name.

    method: "compile" runs the vendor's compiler, for Ethos-U only; "estimate" asks the learned or the analytic model.
    Raises HardwareInputError for an unknown accelerator or method, for blocks that are not allowed, and for those that
    a file of blocks does not have.
    """
    check_method(method)
    check_network(blocks)
    if method == "compile":
        if accelerator not in ETHOS_U:
            raise HardwareInputError(f"no compiler for {accelerator}; allowed with compile: {', '.join(ETHOS_U)}")
        return _compiled(blocks, ETHOS_U[accelerator])
    model = cost_model(accelerator)
    if is_block_file(accelerator):
        return _from_blocks(blocks, accelerator, model)
    accelerator = current_device().name if accelerator == THIS_DEVICE else accelerator
    return _from_estimate(blocks, accelerator, model)


def _workload(blocks: Sequence[Block]) -> Workload | OperatorArrays:
    length = next(length for length in _LENGTHS if length >= len(blocks))
    return workload_from_chains([blocks], length) if is_chain(blocks) else graph_arrays(blocks, length)


def _compiled(blocks: Sequence[Block], accelerator: EthosU, assumed: WeightValues = DEFAULT) -> Prediction:
    measurement, report = compile_operators(blocks, accelerator, assumed.steps)
    cycles, sram = [0] * len(blocks), [0] * len(blocks)
    places = operator_places(blocks)
    measured = zip(places, report.operator_cycles, report.operator_sram_bytes, strict=True)
    for (block, _), operator_cycles, operator_sram in measured:
        cycles[block] += operator_cycles
        sram[block] = max(sram[block], operator_sram)
    latency = [value / accelerator.clock_hz * 1e3 for value in cycles]
    return Prediction(
        accelerator.name,
        "compiler",
        measured_cost(blocks, measurement),
        latency_std_ms=None,
        peak_std_bytes=None,
        extrapolated=False,
        weights=assumed.words,
        weight_compression=_compression(blocks, report),
        blocks=_parts(blocks, latency, sram),
    )


def _from_blocks(blocks: Sequence[Block], accelerator: str, model: CostModel) -> Prediction:
    if not is_chain(blocks):
        raise HardwareInputError(f"{accelerator[-60:]} has blocks of chains; the network is no chain")
    found = _from_estimate(blocks, accelerator, model)
    unknown = [place for place, part in enumerate(found.blocks) if not math.isfinite(part.latency_ms)]
    if unknown:
        block = blocks[unknown[0]]
        activation = "activation" if block.activation else "no activation"
        residual = "residual" if block.residual else "no residual"
        raise HardwareInputError(
            f"{accelerator[-60:]} lacks {len(unknown)} of {len(blocks)} blocks, first {block.kind} of "
            f"{block.height}x{block.width}x{block.in_channels} to {block.out_channels}, kernel {block.kernel}, stride "
            f"{block.stride}, expansion {block.expansion}, {residual}, {activation}; allowed: a row for each"
        )
    return found


def _from_estimate(blocks: Sequence[Block], accelerator: str, model: CostModel) -> Prediction:
    method, found = model.method, model.estimate(_workload(blocks))
    cost = Cost(*(float(value[0]) for value in found.cost))
    # counted exactly, where the model has single precision
    cost = cost._replace(macs=count_macs(blocks), param_bytes=count_param_bytes(blocks))
    if not model.knows_traffic:
        moved = 0.0 if accelerator.endswith("-sram-only") else math.nan
        cost = cost._replace(energy_mj=math.nan, off_chip_bytes=moved)
    stds = (float(value[0]) for value in (found.latency_std_ms, found.peak_std_bytes))
    latency_std, peak_std = (None if std != std else std for std in stds)
    compiled = accelerator in ETHOS_U
    outside = outside_fit(blocks, fragments=model.knows_fragments) if method == "estimator" else ()
    return Prediction(
        accelerator,
        method,
        cost,
        latency_std,
        peak_std,
        extrapolated=bool(found.outside_share[0] > OUTSIDE_SHARE) or bool(outside),
        weights=DEFAULT.words if compiled else "not compressed",
        weight_compression=None,
        blocks=_parts(blocks, found.block_latency_ms[0].tolist(), found.block_sram_bytes[0].tolist()),
        outside_fit=outside,
    )


def _parts(blocks: Sequence[Block], latency_ms: Sequence[float], sram_bytes: Sequence[float]) -> tuple[BlockCost, ...]:
    return tuple(
        BlockCost(block.kind, milliseconds, sram, count_param_bytes([block]), count_macs([block]))
        for block, milliseconds, sram in zip(blocks, latency_ms, sram_bytes, strict=False)
    )
