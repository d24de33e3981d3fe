"""What the table of spaces counts."""

from benchmarks.experiments.spaces.run import channel_counts, common_factor
from tasks.spaces.layer import Decision, Layer
from tasks.spaces.space import SearchSpace

KERNEL = Decision("kernel", (3, 5))
LAYERS = (Layer("conv", "first", kernel="kernel"), Layer("conv", "second"), Layer("conv", 5, fixed_channels=True))


def test_channels_that_the_multiplier_brings_together_count_once():
    decisions = (Decision("width_multiplier", (1.0, 0.5)), Decision("first", (16, 32)), Decision("second", (16, 48)))
    space = SearchSpace("scaled", (*decisions, KERNEL), LAYERS, 8, channel_step=16)
    # by hand: whole 16 or 32 with 16 or 48; half 16 or 16 with 16 or 32, of which 16 with 16 is there already
    assert channel_counts(space, ("first", "second")) == {"channel_genotypes": 8, "channel_settings": 5}


def test_without_a_multiplier_every_choice_of_channels_is_one_of_its_own():
    space = SearchSpace("plain", (Decision("first", (4, 5, 6)), Decision("second", (8, 9)), KERNEL), LAYERS, 8)
    assert channel_counts(space, ("first", "second")) == {"channel_genotypes": 6, "channel_settings": 6}


def test_the_factor_is_what_all_channels_share_but_the_predicting_layers():
    def factor(first, second, step=1):
        decisions = (Decision("width_multiplier", (1.0, 0.75)), Decision("first", first), Decision("second", second))
        return common_factor(SearchSpace("any", (*decisions, KERNEL), LAYERS, 8, channel_step=step))

    assert factor((16, 32), (48, 64), 16) == 16
    assert factor((16, 32), (48, 64)) == 4  # 12 and 36
    assert factor((16, 32), (48, 40), 8) == 8
