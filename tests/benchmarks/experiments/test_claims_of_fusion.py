"""Verdicts on fusion and on where blocks are fused, by made-up frames: each rule gives each of its verdicts."""

import pytest

from benchmarks.experiments.claims.claim import DETECTION
from benchmarks.experiments.claims.figures import Results
from benchmarks.experiments.claims.fusion import ALONE, SKELETONS, selected
from tests.benchmarks.experiments.claims_frames import judged, saving, write


def alone(*blocks):
    """Rows of detection_fusion.csv on accelerator a: a block each, of (MACs over the baseline's, latency saved)."""
    return [
        {
            **{"accelerator": "a", "decision": f"block_{1 + at // 2}_{1 + at % 2}", "choice": f"fused_ibn_{expansion}"},
            **{"macs_ratio": ratio + (expansion - 3), "latency_reduction_pct": saved},
        }
        for at, (ratio, saved) in enumerate(blocks)
        for expansion in (3, 6)
    ]


def networks(architecture):
    return [
        {"model": "Baseline", "accelerator": "a", "macs": 100, "architecture": "x1 ----"},
        {"model": "V2", "accelerator": "a", "macs": 140, "architecture": architecture},
        {"model": "V3", "accelerator": "a", "macs": 10, "architecture": "x0.5 F6F6F6F6"},
    ]


def test_the_blocks_are_those_that_v2_fuses_at_its_expansions():
    rows = alone((1.1, 1), (1.2, 2), (1.3, 3), (1.4, 4))
    found = selected(networks("x0.75 -F3F6-"), rows)
    assert {name: [(row["decision"], row["choice"]) for row in own] for name, own in found.items()} == {
        "a": [("block_1_2", "fused_ibn_3"), ("block_2_1", "fused_ibn_6")]
    }


@pytest.mark.parametrize(
    ("accelerators", "wanted"),
    [
        ([[(1.1, 5), (1.2, 0)], [(1.1, 5), (1.1, 1)]], "reproduced"),
        ([[(1.1, 5), (1.2, 0)], [(1.1, 5), (1.1, -1)]], "partly"),
        # fewer MACs, or more latency
        ([[(0.9, 5), (1.2, -1)], [(1.1, 5), (1.1, -1)]], "not reproduced"),
    ],
)
def test_layers_where_fusion_was_selected_count_by_themselves_whatever_the_whole_network_has(
    tmp_path, accelerators, wanted
):
    write(tmp_path, DETECTION, [row | {"accelerator": at} for at in "ab" for row in networks("x1 F3F3--")])
    # the two that V2 keeps would fall the other way
    kept = {"reproduced": (0.9, -1)}.get(wanted, (1.1, 5))
    rows = [
        row | {"accelerator": name}
        for name, blocks in zip("ab", accelerators, strict=True)
        for row in alone(*blocks, kept, kept)
    ]
    found, reason = judged("where fusion was selected", write(tmp_path, ALONE, rows), [DETECTION, ALONE])
    assert found == wanted
    assert reason.endswith("; V2's whole networks have 40 to 40% more MACs")
    if wanted == "not reproduced":
        assert "; 0 of 2 on a, where 1 have more MACs, 1 of 2 on b, where 2 have more MACs;" in reason


def test_without_its_files_nothing_is_said_of_fusion(tmp_path):
    for name, files in (("where fusion was", [DETECTION, ALONE]), ("fusing late", [SKELETONS, DETECTION, ALONE])):
        assert judged(name, Results(tmp_path), files) == ("not comparable", "nothing here answers it")


@pytest.mark.parametrize(
    ("saved", "wanted"),
    [((-5.0, -1.0), "reproduced"), ((-5.0, 1.0), "partly"), ((-5.0, 9.0), "not reproduced")],
)
def test_late_fusion_is_judged_at_the_baselines_expansion_and_what_the_best_of_all_saves_is_told(
    tmp_path, saved, wanted
):
    rows = [
        {**{"task": "t", "accelerator": name, "decision": decision, "choice": choice}, "latency_reduction_pct": value}
        for name, best in zip("ab", saved, strict=True)
        for decision, choice, value in (
            ("block_1_1", "fused_ibn_6", 50.0),
            ("block_up_1", "fused_ibn_6", 50.0),
            ("block_2_1", "fused_ibn_6", best),
            ("block_2_2", "fused_ibn_6", best - 1),
            ("block_2_1", "fused_ibn_3", best + 2),
            ("block_2_2", "fused_ibn_3", best + 3),
        )
    ]
    write(tmp_path, SKELETONS, rows)
    both = [row | {"accelerator": "b"} for row in networks("x1 F3---")]
    write(tmp_path, DETECTION, [*networks("x1 F3--F6"), *both])
    fused = alone(*[(1.1, 5)] * 4)
    results = write(tmp_path, ALONE, [*fused, *(row | {"accelerator": "b"} for row in fused)])
    found, reason = judged("fusing late", results, [SKELETONS, DETECTION, ALONE])
    assert found == wanted
    mean = sum(saved) / 2 + 3
    assert reason.endswith(
        f"; at the best of all expansions it saves {mean:.3g} ({saved[0] + 3:.3g} to {saved[1] + 3:.3g}), and the "
        "search itself fused a block of the last stage in 1 of 2 V2s"
    )


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([saving("Fusion only", "a", 49.0, True, True, 0)], "not comparable"),
        (
            [saving("Fusion only", "a", 10.0, False, False, 0), saving("Fusion only", "b", 49.0, True, True)],
            "reproduced",
        ),
        ([saving("Fusion only", "a", 49.0, True, False), saving("Fusion only", "b", 9.0, True, True)], "partly"),
        ([saving("Fusion only", "a", 49.0, False, False)], "not reproduced"),
    ],
)
def test_fusion_alone_has_a_verdict_once_it_is_trained(tmp_path, rows, wanted):
    found, reason = judged("fusion alone", write(tmp_path, DETECTION, rows), [DETECTION])
    assert found == wanted
    assert wanted != "not comparable" or reason.startswith("no trainings of Fusion only;")


def test_fusion_alone_has_the_other_reading_of_its_sentence_beside_it(tmp_path):
    rows = [saving("Fusion only", "a", 30.0, True, True), saving("Expert", "a", 60.0, True, False)]
    found, reason = judged("fusion alone", write(tmp_path, DETECTION, rows), [DETECTION])
    assert found == "partly"
    assert reason.endswith("; by the other reading, Expert's, 60 (0 to 60)")
    rows[1] |= {"seeds": 0}
    reason = judged("fusion alone", write(tmp_path / "untrained", DETECTION, rows), [DETECTION])[1]
    assert reason.endswith("; by the other reading, Expert's, no trainings of Expert")
