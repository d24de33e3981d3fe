"""Controls stand below every task that has one, and a task without is named before anything is prepared."""

import pytest

from benchmarks.experiments.controls import settings
from benchmarks.experiments.controls.run import CONTROLS, run
from tasks.errors import TaskInputError
from tasks.registry import TASKS


def test_a_task_without_a_control_is_refused_in_a_line_that_names_those_with_one(monkeypatch, tmp_path):
    assert set(CONTROLS) == set(TASKS)
    monkeypatch.setattr(settings, "TASKS", {**TASKS, "pose": TASKS["detection"]})
    with pytest.raises(TaskInputError, match=r"^no control for task pose; allowed: classification, detection, segm"):
        run(settings.Settings(task=("detection", "pose")), tmp_path, tmp_path)
    assert list(tmp_path.iterdir()) == []
