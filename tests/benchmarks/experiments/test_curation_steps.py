"""Steps in channels that are compiled: which are drawn, what they count as, and where their columns go."""

import jax
import numpy as np
import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.curation import run
from benchmarks.experiments.curation.figures import Figures
from benchmarks.experiments.curation.landscape import sampled
from benchmarks.experiments.curation.settings import Settings
from benchmarks.experiments.curation.spaces import random_space, stacked, subset_of
from benchmarks.experiments.curation.steps import Steps, compiled_steps, drawn_steps
from benchmarks.problem import space_for
from benchmarks.search.many_costs import COUNTED, ManyCosts, compile_costs
from hw_model.cost import count_macs
from hw_model.cost_models import cost_model
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.compiler import compile_blocks
from tasks.registry import make_task
from tasks.spaces.registry import skeleton_for

TASK = make_task("detection")
UNCURATED = space_for(TASK, "uncurated", "ethos-u65-512")
CURATED = space_for(TASK, "curated", "ethos-u65-512")


def random_subsets():
    keys = jax.random.split(jax.random.key(2), 3)
    return stacked([subset_of(random_space(CURATED, skeleton_for(TASK), key), skeleton_for(TASK)) for key in keys])


@pytest.mark.parametrize(
    "subsets", [subset_of(CURATED, skeleton_for(TASK)), random_subsets()], ids=lambda each: each.name
)
def test_a_step_is_up_in_one_layer_of_a_network_of_each_draw_and_adds_macs(subsets):
    draw, here, there = drawn_steps(subsets, UNCURATED, 60, jax.random.key(1))
    assert len(draw) > 45
    assert set(draw.tolist()) == set(range(subsets.draws))
    changed = here != there
    channels = len(subsets.tables)
    assert (changed.sum(1) == 1).all()
    assert not changed[:, channels:].any()
    # every layer of which there are several sizes is stepped in now and then
    several = [subsets.cardinalities[place] > 1 for place in subsets.channel_decisions]
    assert changed[:, :channels].any(0).tolist() == several
    assert (there >= here).all()
    macs = [[count_macs(UNCURATED.decode(tuple(row))) for row in rows.tolist()] for rows in (here[:20], there[:20])]
    assert (np.array(macs[1]) > np.array(macs[0])).all()


def test_a_step_in_channels_of_a_layer_that_is_left_out_is_none():
    task = make_task("segmentation")
    space, skeleton = space_for(task, "uncurated", "ethos-u65-512"), skeleton_for(task)
    subsets = subset_of(space, skeleton)
    at = sampled(subsets, space, 60, jax.random.key(3))
    networks = space.decode_all(at.here)
    same = np.array(
        [
            [network == other for other in space.decode_all(there)]
            for network, there in zip(networks, at.there, strict=True)
        ]
    )
    assert not (at.exists & same).any()
    assert ((at.there != at.here[:, None]).any(-1) & same).any()  # an output stride leaves a layer of the decoder out
    _, here, there = drawn_steps(subsets, space, 60, jax.random.key(3))
    assert all(before != after for before, after in zip(space.decode_all(here), space.decode_all(there), strict=True))


def test_steps_are_counted_by_networks_compiled_whole(tmp_path):
    subsets, key = random_subsets(), jax.random.key(4)
    costs = ManyCosts(compile_costs(UNCURATED), cost_model("ethos-u55-256").estimate)

    def evaluate(genotypes):
        return Figures(None, costs.latency_ms(genotypes), None)

    found = compiled_steps(subsets, UNCURATED, evaluate, "ethos-u55-256", 6, tmp_path, key)  # pyright: ignore[reportArgumentType]
    draw, here, there = drawn_steps(subsets, UNCURATED, 6, key)
    before, after = (
        np.array([compile_blocks(UNCURATED.decode(tuple(row)), ETHOS_U["ethos-u55-256"]).latency_ms for row in rows])
        for rows in (here.tolist(), there.tolist())
    )
    rises, level = after > before * (1 + COUNTED), abs(after / before - 1) <= COUNTED
    estimated = costs.latency_ms(there) > costs.latency_ms(here) * (1 + COUNTED)
    for part, chosen in (
        (found.moves, np.ones(len(draw), bool)),
        (found.monotone, rises),
        (found.level, level),
        (found.estimated, estimated),  # of the very steps that are compiled
    ):
        assert part.tolist() == [int(chosen[draw == number].sum()) for number in range(3)]


def test_steps_alone_change_their_own_columns_and_no_others(tmp_path, monkeypatch):
    folder = tmp_path / "results"
    with pytest.raises(BenchmarkInputError, match="run without steps_only first"):
        run.run(Settings(steps_only=True), tmp_path, folder)
    places = [(accelerator, space) for accelerator in ("ethos-u65-512", "npu-p16") for space in ("curated", "shifted")]
    old = pd.DataFrame(
        [
            {"task": "detection", "accelerator": accelerator, "space": space, "expected_evaluations": np.inf}
            | {"monotone_share": 0.5, "n_moves": 700, "estimated_monotone_share": 0.5}
            for accelerator, space in places
        ]
    )
    old.to_csv(folder / "curation.csv", index=False)
    counts = Steps(*(np.array([count]) for count in (10, 8, 1, 9)))
    monkeypatch.setattr(run, "compiled_steps", lambda *a: counts)
    settings = Settings(("detection",), ("ethos-u65-512", "npu-p16"), ("curated",), steps_only=True)
    run.run(settings, tmp_path, folder)
    new = pd.read_csv(folder / "curation.csv")
    assert new["monotone_share"][[0, 1, 3]].tolist() == [0.8, 0.5, 0.5]
    assert new["n_moves"][[0, 1, 3]].tolist() == [10, 700, 700]
    # of a model they are by its own figures, of as many networks as are walked
    assert 0.9 < new.loc[2, "monotone_share"] == new.loc[2, "estimated_monotone_share"]
    assert 300 < new.loc[2, "n_moves"] < 700
    assert new.loc[0, "monotone_share_low"] < 0.8 < new.loc[0, "monotone_share_high"]
    assert new["estimated_monotone_share"][[0, 1, 3]].tolist() == [0.9, 0.5, 0.5]
    assert np.isinf(new["expected_evaluations"]).all()
