"""The table of boards: names that can be costed, figures with a source, and what does not fit."""

import pytest

from hw_model.boards import BOARDS, memory_warnings
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.system import in_system


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_has_an_accelerator_that_can_be_compiled_for_and_a_source(name):
    board = BOARDS[name]
    assert board.accelerator in ETHOS_U
    assert 50 <= board.clock_mhz <= 1000
    assert len(board.source) > 20
    # an accelerator that keeps weights behind the chip plans with no more SRAM than the board has
    if board.sram_kib is not None and board.accelerator.startswith("ethos-u65"):
        assert ETHOS_U[board.accelerator].arena_cache_bytes <= board.sram_kib * 1024


def test_what_does_not_fit_is_said_of_sram_and_of_flash():
    board, target = BOARDS["ek-ra8p1"], ETHOS_U["ethos-u55-256"]
    assert memory_warnings(board, 1664 * 1024, 1024 * 1024, target) == []
    sram, flash = memory_warnings(board, 1664 * 1024 + 1, 1024 * 1024 + 1, target)
    assert "does not run there as it is counted; --compile --arena-kib 1664 plans within that." in sram
    assert "keeps 1024 KiB on the chip" in flash
    planned = in_system(target, arena_kib=1664)
    assert "does not run there." in memory_warnings(board, 1664 * 1024 + 1, 0, planned)[0]
    assert "No source says how much SRAM" in memory_warnings(BOARDS["grove-vision-ai-v2"], 1, 1, target)[0]


def test_weights_that_lie_in_sram_take_room_there():
    target = in_system(ETHOS_U["ethos-u55-128"], memory_mode="Sram_Only")
    (line,) = memory_warnings(BOARDS["alif-e1c"], 1000 * 1024, 1900 * 1024, target)
    assert "2900 KiB of SRAM in use" in line
    assert memory_warnings(BOARDS["alif-e1c"], 1000 * 1024, 1900 * 1024, ETHOS_U["ethos-u55-128"]) == []


def test_activations_behind_a_chip_that_may_have_no_memory_there_are_said():
    board = BOARDS["alif-e8-u85"]
    (line,) = memory_warnings(board, 1, 1, ETHOS_U[board.accelerator])
    assert "activations are counted in a memory behind the chip" in line
    assert memory_warnings(board, 1, 1, in_system(ETHOS_U[board.accelerator], memory_mode="Shared_Sram")) == []
    # the i.MX 93 has such a memory
    assert memory_warnings(BOARDS["imx93"], 1, 1, ETHOS_U["ethos-u65-256"]) == []
