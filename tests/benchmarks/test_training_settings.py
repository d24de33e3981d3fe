"""What `--training` takes, and that keys of what was trained before are as they were."""

import re

import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.fidelities import get_fidelity
from benchmarks.store.keys import settings_digest
from benchmarks.training_settings import with_training
from tasks.registry import make_task

# of the tasks before there were augmentations to choose
BEFORE = {
    "classification": "5a78bf71a72224c85e5db3c2dfd63cf8453f7d9f02f7b546cf6cf760e89aa612",
    "detection": "31f423fba91fdbdd62d5f6509970de72e6fec02b33645bc4b80ec068cf0aa9be",
    "segmentation": "3909d7988e4ea6654129086fc1be622c3665ef9cec3d9b00f7f6597cb5e08f20",
}


@pytest.mark.parametrize("name", BEFORE)
def test_a_usual_task_has_the_key_that_it_had(name):
    task = make_task(name)
    assert settings_digest(task) == BEFORE[name]
    assert settings_digest(with_training(task, get_fidelity(name, "smoke"), ["mirror=yes"])[0]) == BEFORE[name]
    assert settings_digest(with_training(task, get_fidelity(name, "smoke"), ["mirror=no"])[0]) != BEFORE[name]


def test_each_setting_changes_its_own_field():
    given = ["passes=3200", "learning_rate=.5e-2", "batch_size=16", "weight_decay=0", "brightness=.2", "mirror=no"]
    task, fidelity = with_training(make_task("detection"), get_fidelity("detection", "quick"), given)
    assert (fidelity.example_passes, fidelity.batch_size, fidelity.steps) == (3200, 16, 200)
    assert (fidelity.peak_learning_rate, fidelity.weight_decay) == (0.005, 0)
    assert task.augmentation is not None
    assert str(task.augmentation) == "mirror=0,shift=0,brightness=0.2"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("colour=red", "--training 'colour=red'; allowed: NAME=VALUE of passes, learning_rate, batch_size"),
        ("passes", "allowed: NAME=VALUE"),
        ("passes=many", "passes is 'many'; allowed: whole numbers 1 to 1e+09"),
        ("passes=3", "passes is 3; allowed: 8, its batch_size, and more"),
        ("learning_rate=nan", "allowed: numbers 1e-06 to 10"),
        ("mirror=perhaps", "allowed: yes, no"),
        ("shift_pixels=60", "allowed: 0 to 48"),
        ("batch_size=0", "allowed: whole numbers 1 to 4096"),
    ],
)
def test_what_cannot_be_is_one_line(given, said):
    with pytest.raises(BenchmarkInputError, match=re.escape(said)):
        with_training(make_task("detection"), get_fidelity("detection", "quick"), [given])


def test_a_setting_given_twice_is_refused():
    with pytest.raises(BenchmarkInputError, match="--training passes is given twice; allowed: once"):
        with_training(make_task("detection"), get_fidelity("detection", "quick"), ["passes=64", "passes=128"])
