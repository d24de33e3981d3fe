"""The table of boards: names that can be costed, figures with a source, and what does not fit."""

import pytest

from hw_model.boards import BOARDS, memory_warnings
from hw_model.vela.accelerators import ETHOS_U


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
    board = BOARDS["ek-ra8p1"]
    assert memory_warnings(board, 1664 * 1024, 1024 * 1024) == []
    sram, flash = memory_warnings(board, 1664 * 1024 + 1, 1024 * 1024 + 1)
    assert "has 1664 KiB, so this network does not run there" in sram
    assert "keeps 1024 KiB on the chip" in flash
    assert "No source says how much SRAM" in memory_warnings(BOARDS["grove-vision-ai-v2"], 1, 1)[0]
