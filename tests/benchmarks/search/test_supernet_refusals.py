"""Supernets that cannot be are refused before data are prepared."""

import pytest

from benchmarks.search.run import make_spec
from tasks.errors import TaskInputError
from tasks.registry import make_task

SIDES = """
from tasks.spaces.layer import Decision, Layer
from tasks.spaces.space import SearchSpace

layers = (Layer("conv", 8, stride=2), Layer("conv", CHANNELS, kernel=1, activation=False))
SPACE = SearchSpace("sides", (Decision("side", (96, 64)),), layers, input_side="side", input_channels=3)
"""


ENDS = """
from tasks.spaces.layer import Decision, Layer, Presence
from tasks.spaces.space import SearchSpace

SOME = Presence("some", (1,))
BODY, MORE = Layer("conv", "width", stride=2), Layer("conv", "width", present=SOME)
HEAD = Layer("conv", CHANNELS, kernel=1, activation=False)
SPACE = SearchSpace("ends", (Decision("width", (8, 16)), Decision("some", (0, 1))), (LAYERS), input_side=96)
"""


@pytest.mark.parametrize("evaluator", ["supernet:one_shot", "zero_shot:naswot"])
def test_a_task_that_takes_outputs_of_one_size_refuses_a_supernet_of_several_before_data_are_prepared(
    evaluator, tmp_path
):
    def make(name, evaluator):
        task, file = make_task(name), tmp_path / f"{name}.py"
        file.write_text(SIDES.replace("CHANNELS", str(task.output_channels)))
        return make_spec(task, str(file), "npu-p16", {"latency_ms": 9}, "smoke", 3, None, evaluator, "plain", [])

    with pytest.raises(TaskInputError, match=r"sides: outputs are 32 x 32 to 48 x 48; allowed for detection with a "):
        make("detection", evaluator)
    assert make("detection", "trained").kind == "trained"
    assert make("segmentation", evaluator).evaluator == evaluator


@pytest.mark.parametrize("evaluator", ["supernet:one_shot", "zero_shot:naswot"])
@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ('Layer("conv", 3, present=SOME), BODY, HEAD', "first layer may be missing"),
        (
            'BODY, MORE, HEAD, Layer("upsample", stride=2, present=SOME)',
            "last layer may be missing; allowed for segm",
        ),
        ('BODY, MORE, HEAD, Layer("upsample", stride=2)', "last layer changes the size; allowed for segm"),
    ],
)
def test_a_supernet_is_refused_where_the_sizes_that_networks_take_or_give_are_not_known(
    evaluator, layers, words, tmp_path
):
    task, file = make_task("segmentation"), tmp_path / "ends.py"
    file.write_text(ENDS.replace("CHANNELS", str(task.output_channels)).replace("LAYERS", layers))

    def make(evaluator):
        return make_spec(task, str(file), "npu-p16", {"latency_ms": 9}, "smoke", 3, None, evaluator, "plain", [])

    with pytest.raises(TaskInputError, match=f"space ends: its {words}"):
        make(evaluator)
    assert make("trained").kind == "trained"
