"""An int8 .tflite file's operators as blocks, so that estimators can tell its cost without the compiler.

Read with the schema classes that Vela ships.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from ethosu.vela.tflite import Model
from ethosu.vela.tflite.BuiltinOperator import BuiltinOperator
from ethosu.vela.tflite.TensorType import TensorType

from hw_model.blocks import NETWORK_INPUT, Block, check_network
from hw_model.errors import HardwareInputError
from hw_model.vela.tflite_operators import READERS
from hw_model.vela.tflite_reading import NotKnownError, Reading, Site

_NAMES = {value: name for name, value in vars(BuiltinOperator).items() if isinstance(value, int)}
_TYPES = {value: name for name, value in vars(TensorType).items() if isinstance(value, int)}
_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_WEIGHTS = dict.fromkeys((*_WEIGHTED, "TRANSPOSE_CONV"), (1,)) | {"UNIDIRECTIONAL_SEQUENCE_LSTM": range(1, 9)}
"""Which inputs of an operator are weights."""
_MOST_OPERATORS = 10_000


class UnknownOperatorsError(HardwareInputError):
    """The file has operators that estimators do not know, or larger than they know; the message names them."""


def read_blocks(content: bytes) -> tuple[Block, ...]:
    """The blocks of a .tflite file's bytes, in the order of its operators.

    Raises UnknownOperatorsError for operators that no block stands for, several inputs, and networks that are larger
    than blocks may be, HardwareInputError for bytes that cannot be read.
    """
    try:
        reading = _read(content)
    except HardwareInputError:
        raise
    except Exception as error:  # whatever reading past the end raises
        raise HardwareInputError("the .tflite file is damaged: its operators cannot be read") from error
    if reading.unknown:
        counted = Counter(reading.unknown)
        named = ", ".join(f"{count} x {name}" if count > 1 else name for name, count in sorted(counted.items()))
        raise UnknownOperatorsError(f"estimators do not know these operators of the file: {named}"[:300])
    try:
        check_network(reading.blocks)
    except HardwareInputError as error:  # which says what is too large
        raise UnknownOperatorsError(f"estimators do not know networks like the file's: {error}"[:300]) from error
    return tuple(reading.blocks)


def constant_weights(content: bytes) -> dict[int, int]:
    """Bytes of the constant weights of a file that the compiler has read, by the position of the operator."""
    model = Model.Model.GetRootAs(bytearray(content), 0)
    graph: Any = model.Subgraphs(0)
    found = {}
    for place in range(graph.OperatorsLength()):
        operator: Any = graph.Operators(place)
        inputs = operator.InputsAsNumpy()
        for each in _WEIGHTS.get(_name(model, operator), ()):
            if each < len(inputs) and inputs[each] >= 0:
                held: Any = model.Buffers(graph.Tensors(int(inputs[each])).Buffer())
                found[place] = found.get(place, 0) + held.DataLength()
    return {place: length for place, length in found.items() if length}


def _name(model: Any, operator: Any) -> str:
    code = model.OperatorCodes(operator.OpcodeIndex())
    return _NAMES.get(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()), "?")


def _read(content: bytes) -> Reading:
    model = Model.Model.GetRootAs(bytearray(content), 0)
    graph: Any = model.Subgraphs(0)
    if graph is None or not graph.OperatorsLength():
        raise HardwareInputError("the .tflite file has no operators; allowed: one and more")
    if graph.OperatorsLength() > _MOST_OPERATORS or graph.InputsLength() != 1:
        raise UnknownOperatorsError(
            f"estimators know files of one input and {_MOST_OPERATORS} operators at most; this has "
            f"{graph.InputsLength()} and {graph.OperatorsLength()}"
        )
    reading = Reading(graph, lambda tensor: _values(model, graph.Tensors(tensor)))
    reading.at[graph.Inputs(0)] = (NETWORK_INPUT,)
    operators: list[Any] = [graph.Operators(place) for place in range(graph.OperatorsLength())]
    for operator in operators:
        reading.uses.update(int(tensor) for tensor in operator.InputsAsNumpy())
    for operator in operators:
        name = _name(model, operator)
        inputs = [int(tensor) for tensor in operator.InputsAsNumpy() if tensor >= 0]
        moving = [tensor for tensor in inputs if tensor in reading.at or not _constant(reading, tensor)]
        if not all(tensor in reading.at for tensor in moving):
            # behind one that is not known
            reading.unknown += [] if name in READERS else [name]
            continue
        try:
            if not moving or name not in READERS:
                raise NotKnownError
            kind = graph.Tensors(moving[0]).Type()
            if kind not in (TensorType.INT8, TensorType.UINT8):
                raise NotKnownError(f" of {_TYPES.get(kind, '?')}")
            if name in _WEIGHTED and len(moving) > 1:
                raise NotKnownError(" with weights that are computed")
            READERS[name](reading, Site(_options(operator), moving, inputs, int(operator.Outputs(0))))
        except NotKnownError as why:
            reading.unknown.append(f"{name}{why}")
    return reading


def _values(model: Any, tensor: Any) -> Any:
    return model.Buffers(tensor.Buffer()).DataAsNumpy()


def _constant(reading: Reading, tensor: int) -> bool:
    return not isinstance(reading.buffers(tensor), int)  # flatbuffers gives 0 for what is not there


def _options(operator: Any) -> Callable[[type], Any]:
    def read(options: type) -> Any:
        table, found = operator.BuiltinOptions(), options()
        if table is None:
            raise NotKnownError(" without options")
        found.Init(table.Bytes, table.Pos)
        return found

    return read
