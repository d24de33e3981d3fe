"""Networks that were measured have their published sizes, and what is said of them follows the file."""

import re
from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.registry import EXPERIMENTS
from benchmarks.experiments.silicon.measured import MEASURED
from benchmarks.experiments.silicon.networks import NETWORKS
from benchmarks.experiments.silicon.run import run, silicon_row
from benchmarks.markdown import rows, span
from benchmarks.report.pages import silicon
from hw_model.blocks import check_network
from hw_model.boards import BOARDS
from hw_model.cost import count_macs, count_params

ROOT = Path(__file__).parents[3]
FOUND = rows(ROOT / "results/silicon/silicon.csv")


@pytest.mark.parametrize(
    ("name", "million_macs", "million_parameters"),
    [  # as published: arXiv:1801.04381, torchvision's and Keras's documentation, arXiv:1905.02244, arXiv:2106.07597
        ("mobilenet_v2", 300, 3.5),
        ("resnet50", 4089, 25.6),
        ("resnet50_v2", 3490, 25.6),
        ("mobilenet_v3_large", 217, 5.48),
        ("efficientnet_lite0", 385, 4.65),
        ("resnet8", 12.5, 0.0785),
        ("ds_cnn", 2.66, 0.0226),  # 23,756 with the four numbers a channel of nine normalisations
        ("autoencoder", 0.264, 0.268),
        ("wake_words", 7.49, 0.216),
        ("mobilenet_v1_025_128", 13.6, 0.47),
    ],
)
def test_a_network_has_its_published_size(name, million_macs, million_parameters):
    blocks = NETWORKS[name]()
    check_network(blocks)
    assert count_macs(blocks) / 1e6 == pytest.approx(million_macs, rel=0.02)
    assert count_params(blocks) / 1e6 == pytest.approx(million_parameters, rel=0.03)


def test_the_file_holds_every_measurement_as_published_with_its_source():
    assert {each.board for each in MEASURED} <= BOARDS.keys()
    told = [(row["network"], row["board"], row["measured_ms"], row["source"]) for row in FOUND]
    assert told == [tuple(each) for each in MEASURED]
    assert len(told) >= 9
    assert list(FOUND[0])[:5] == ["network", "board", "measured_ms", "vela_ms", "estimator_ms"]
    assert list(FOUND[0])[-1] == "source"


def test_a_row_is_what_the_file_says():
    measured = next(each for each in MEASURED if each.network == "ds_cnn")
    row, kept = silicon_row(measured), next(row for row in FOUND if row["network"] == "ds_cnn")
    for name in ("vela_ms", "estimator_ms", "vela_own_system_ms"):
        assert row[name] == pytest.approx(kept[name], rel=1e-4)


def test_the_readme_says_of_boards_what_the_file_says():
    text = " ".join((ROOT / "README.md").read_text().split())
    times = span((row["measured_ms"] / row["vela_ms"] for row in silicon.elsewhere(FOUND)), 1)
    off = silicon.percent(map(silicon.off, silicon.large(FOUND)))
    assert f"[{len(FOUND)} published measurements](docs/results/silicon.md)" in text
    assert f"above {silicon.OVERHEAD_MS} ms it is {off} off an i.MX 93" in text
    shares = span((100 * (1 - row["vela_ms"] / row["measured_ms"]) for row in silicon.small(FOUND)), 0, "%")
    assert f"below that a board's overhead is {shares} of the time" in text
    assert f"Alif's microcontrollers took {times} times" in text


def test_another_network_is_named(tmp_path):
    settings = EXPERIMENTS["silicon"].settings({"networks": "vgg"})
    with pytest.raises(BenchmarkInputError, match=re.escape("unknown network 'vgg'; allowed: mobilenet_v2, ")):
        run(settings, tmp_path, tmp_path)
