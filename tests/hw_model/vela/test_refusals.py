"""What the compiler refuses is said of a block, and of the right one."""

import pickle

import pytest

from hw_model.errors import HardwareInputError
from hw_model.network_file import parse_network
from hw_model.operators import block_operators
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.compiler import compile_operators, operator_rows
from hw_model.vela.core import compile_model
from hw_model.vela.refusals import RefusedBlockError
from hw_model.vela.system import in_system
from hw_model.vela.tflite_writer import write_tflite

U55 = ETHOS_U["ethos-u55-256"]
CONV = {"kind": "conv", "channels": 4}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (
            {"kind": "upsample", "stride": 3},
            "leaves RESIZE_NEAREST_NEIGHBOR to the host CPU: .*scale-factor=3; allowed",
        ),
        ({"kind": "avg_pool", "kernel": 9}, "leaves AVERAGE_POOL_2D to the host CPU: kernel width: 9 out of range"),
        ({"kind": "depthwise", "stride": 4}, r"leaves DEPTHWISE_CONV_2D .* stride: 4, 4; allowed: .* range \(1,3\)"),
        ({"kind": "dense", "channels": 2}, r"cannot compile this network: .*FullyConnected"),
    ],
)
def test_a_block_that_the_compiler_refuses_is_named_with_its_reason_and_nothing_else_is_printed(entry, words, capfd):
    size = 272 if entry["kind"] == "dense" else 12  # beyond 65,536 values a dense layer is refused by throwing
    blocks = [{"kind": "depthwise", "name": "start"}, CONV, {**entry, "from": "start"}, {**entry, "from": "start"}]
    with pytest.raises(RefusedBlockError, match=rf"^block 2 \({entry['kind']}\): ethos-u55-256 {words}") as error:
        compile_operators(parse_network({"input": [size, size, 1], "blocks": blocks}).blocks, U55)
    assert "\n" not in str(error.value)
    assert str(pickle.loads(pickle.dumps(error.value))) == str(error.value)
    assert capfd.readouterr() == ("", "")


def test_the_block_that_is_named_is_the_first_that_the_compiler_s_own_table_has_on_the_host():
    entries = [CONV, {"kind": "ibn", "channels": 8, "expansion": 6}, {"kind": "ibn", "channels": 4, "stride": 4}, CONV]
    entries += [{"kind": "upsample", "stride": 3}]
    blocks = parse_network({"input": [16, 16, 3], "blocks": entries}).blocks
    with pytest.raises(RefusedBlockError) as error:
        compile_operators(blocks, U55)
    compiled, printed = compile_model(write_tflite(blocks), U55, operator_table=True)
    left = {row.source for row in operator_rows(compiled.opt_database.tables) if row.operator == "Passthrough"}
    places = [position for position, block in enumerate(blocks) for _ in block_operators(block)]
    assert sorted({places[number - 1] for number in left}) == [2, 4]
    assert error.value.position == 2
    assert printed.count("Reason: ") == 2


def test_a_system_that_nothing_can_be_compiled_for_is_no_block_s_fault(tmp_path):
    ini = tmp_path / "own.ini"
    ini.write_text("[System_Config.Own]\ncore_clock=500e6\naxi0_port=Sram\n[Memory_Mode.Own]\narena_mem_area=Axi0\n")
    with pytest.raises(HardwareInputError, match=r"cannot compile this network: .*memory not configured") as error:
        compile_operators(
            parse_network({"input": [8, 8, 3], "blocks": [CONV]}).blocks, in_system(U55, ini, "Own", "Own")
        )
    assert not isinstance(error.value, RefusedBlockError)
