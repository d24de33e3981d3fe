"""What the channels of a network's output are called."""

import pytest

from tasks.registry import make_task


@pytest.mark.parametrize(
    ("task", "classes", "first", "last"),
    [
        ("classification", 10, "T-shirt/top", "Ankle boot"),
        ("detection", 1, "object", "right"),
        ("detection", 10, "T-shirt/top", "right"),
        ("segmentation", 1, "background", "object"),
        ("segmentation", 10, "background", "Ankle boot"),
    ],
)
def test_each_channel_has_a_name_and_a_background_is_the_first(task, classes, first, last):
    made = make_task(task, classes=classes)
    assert len(set(made.output_names)) == made.output_channels
    assert (made.output_names[0], made.output_names[-1]) == (first, last)
