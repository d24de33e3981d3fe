"""`accelnas reproduce` says in one line what it cannot work with."""

import os

import pytest

from tests.cli import refused


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["reproduce", "detection", "--profile", "huge"], ["'huge'", "smoke, quick, full"]),
        (["reproduce", "--profile", "smoke"], ["without a name", "--list"]),
        (["reproduce", "--results", "elsewhere"], ["--results without a name"]),
        (["reproduce", "--pages"], ["--pages of ", "allowed: the folder results of a clone"]),
        (["reproduce", "controls", "--pages"], ["--pages with 'controls'", "--results alone"]),
        (["reproduce", "--pages", "--set", "seed=1", "--executor", "ray"], ["--pages with --set, --executor"]),
        (["reproduce", "--list", "--pages"], ["--pages with --list", "--results alone"]),
        (["reproduce", "--live", "fusion", "--pages"], ["allowed: --live NAME"]),
        (["reproduce", "--list", "--set", "seed=1"], ["--list without a name with --set", "names before them"]),
        (["reproduce", "poetry"], ["'poetry'", "detection, classification, segmentation"]),
        (["reproduce", "detection", "--set", "evaluations=1"], ["evaluations is 1", "20"]),
        (["reproduce", "detection", "--set", "tolerance=2"], ["tolerance is 2", "below 1"]),
        (["reproduce", "detection", "--set", "searches=few"], ["'few'", "a whole number"]),
        (["reproduce", "spaces", "surrogate", "--set", "repeats=1"], ["'repeats'", "accelerators"]),
        (["reproduce", "spaces", "--profile", "smoke"], ["spaces", "'profile'", "accelerators"]),
        (["reproduce", "ray", "--set", "seed=1", "--set", "seed=2"], ["--set seed is given twice", "once"]),
        (["reproduce", "detection", "--profile", "quick", "--set", "profile=full"], ["profile is given twice"]),
        (["reproduce", "spaces", "--set", "accelerators"], ["'accelerators'", "NAME=VALUE"]),
        (["prepare", "--data", "huge"], ["'huge'", "quick"]),
        (["measure"], ["no --accelerator", "ethos-u55-256", "this-device"]),
        (["cost", "mobilenet_v2_050", "--accelerator", "ethos-u99"], ["'ethos-u99'", "ethos-u55-256"]),
    ],
)
def test_bad_input_is_one_line_that_says_what_is_allowed(arguments, names, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = refused(*arguments)
    assert all(name in said for name in names)
    assert os.listdir(tmp_path) == []


def test_a_corrupted_file_of_measurements_is_named_and_left_alone(tmp_path):
    file = tmp_path / "measurements.sqlite"
    file.write_bytes(b"this is no database" * 100)
    assert file.name in refused("reproduce", "skeletons", "--home", tmp_path, "--results", tmp_path / "results")
    assert file.read_bytes() == b"this is no database" * 100
