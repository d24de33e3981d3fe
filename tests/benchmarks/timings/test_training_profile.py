"""Where a training step's time goes: what is counted once and for whom."""

import pytest

from benchmarks.timings.training_profile import part_of, profile_ours, self_times


def test_what_runs_inside_another_event_is_not_counted_twice():
    events = [
        ("inner", 2.0, 3.0),
        ("outer", 0.0, 10.0),
        ("innermost", 3.0, 1.0),
        ("second", 5.0, 2.0),
        ("next", 10.0, 4.0),
    ]
    assert dict(self_times(events)) == {"outer": 5.0, "inner": 2.0, "innermost": 1.0, "second": 2.0, "next": 4.0}


@pytest.mark.parametrize(
    ("scope", "part"),
    [
        ("jit(f)/while/body/transpose(jvp(ChainNetwork))/block_02_ibn/Depthwise_0/while", "depthwise"),
        ("jit(f)/while/body/jvp(ChainNetwork)/block_02_ibn/Conv_0/dot_general", "convolution"),
        ("jit(f)/while/body/jvp(ChainNetwork)/block_02_ibn/BatchNorm_1/mul", "normalisation"),
        ("jit(f)/while/body/closed_call/sub", "rest"),
    ],
)
def test_scopes_name_the_parts(scope, part):
    assert part_of(scope) == part


@pytest.mark.slow
def test_every_part_of_a_network_of_inverted_bottlenecks_takes_time():
    assert all(milliseconds > 0 for milliseconds in profile_ours("ibn", 32).values())
