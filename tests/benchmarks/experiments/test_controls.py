"""Controls stand below every task that has one, and a task without is named before anything is prepared."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.experiments.controls import run as module
from benchmarks.experiments.controls import settings
from benchmarks.experiments.controls.run import CONTROLS, control_qualities, run
from benchmarks.tables.recipes import SEARCH
from tasks.errors import TaskInputError
from tasks.registry import TASKS


def test_a_task_without_a_control_is_refused_in_a_line_that_names_those_with_one(monkeypatch, tmp_path):
    assert set(CONTROLS) == set(TASKS)
    monkeypatch.setattr(settings, "TASKS", {**TASKS, "pose": TASKS["detection"]})
    with pytest.raises(TaskInputError, match=r"^no control for task pose; allowed: classification, detection, segm"):
        run(settings.Settings(task=("detection", "pose")), tmp_path, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", CONTROLS)
def test_controls_learn_from_and_are_evaluated_on_as_many_images_as_networks(monkeypatch, name):
    task = SimpleNamespace(name=name, load=lambda home, data, split: SimpleNamespace(take=np.arange(10**6).__getitem__))
    monkeypatch.setattr(module, "CONTROLS", {name: lambda task, train, test: {"sizes": (len(train), len(test))}})
    monkeypatch.setattr(module, "photograph_interval", lambda task, test, found: (found, test[0], len(test)))
    recipe = SEARCH[name]
    found = control_qualities(task, None, "quick")  # pyright: ignore[reportArgumentType]
    assert found == {"sizes": ((recipe.train_examples, recipe.eval_examples), 0, recipe.eval_examples)}
