"""Recipes by profile."""

import pytest

from benchmarks.fidelities import FIDELITIES, PROFILES, get_fidelity
from tasks.training import STEPS_PER_CALL

SMOKE = {task: get_fidelity(task, "smoke") for task in FIDELITIES}


@pytest.mark.parametrize("name", SMOKE)
def test_a_smoke_training_is_one_call_of_the_loop_and_compiles_it_once(name):
    assert SMOKE[name].steps == STEPS_PER_CALL


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("task", FIDELITIES)
def test_no_training_ends_with_a_part_of_a_call_which_would_compile_it_a_second_time(task, profile):
    assert get_fidelity(task, profile).steps % STEPS_PER_CALL == 0
