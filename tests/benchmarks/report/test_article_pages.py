"""What pages say of the article follows the files: which quantity is compared, and what does not keep the quality."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.report.pages import article, claims, detection, expert

ROOT = Path(__file__).parents[3]


@pytest.fixture
def results(tmp_path):
    """The committed results that these pages read, to be changed."""
    for name in ("detection", "segmentation", "surrogate", "tables", "claims", "expert"):
        shutil.copytree(ROOT / "results" / name, tmp_path / name, ignore=shutil.ignore_patterns("*.parquet", "*.png"))
    return tmp_path


def words(page):
    return " ".join(page.split())


@pytest.mark.parametrize(
    ("keeping", "said"),
    [
        ((), "on none of our accelerators do all three, so that these points cannot be compared with the article's."),
        (("ethos-u65-512",), "do, on the ethos-u65-512: elsewhere these points cannot be compared with the article's."),
        (("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024"), "All three keep the mAP, as the article's do. "),
    ],
)
def test_the_detection_page_says_where_all_three_keep_the_map(results, keeping, said):
    path = results / "detection/detection.csv"
    table = pd.read_csv(path)
    table["keeps_map"] = table["accelerator"].isin(keeping)
    table.to_csv(path, index=False)
    assert said in words(detection.page(path.parent))


def test_the_detection_page_counts_v2s_fused_blocks_with_fewer_macs_and_holds_first_and_last_at_one_expansion(results):
    path = results / "detection/detection_fusion.csv"
    table = pd.read_csv(path)
    first, last = table["decision"] == "block_1_1", table["decision"].str.startswith("block_4")
    for expansion, early, late in ((3, 30.4, 3.4), (6, 60.4, 6.4)):
        own = table["choice"] == f"fused_ibn_{expansion}"
        table.loc[own & first, "latency_reduction_pct"] = early
        table.loc[own & last, "latency_reduction_pct"] = late
    table["macs_ratio"] = 1.1
    table.loc[first, "macs_ratio"] = 0.9
    table.to_csv(path, index=False)
    told = words(detection.page(path.parent))
    assert (
        "fuses 1 of 4 on the ethos-u55-256, 1 of 5 on the ethos-u65-512 and 1 of 7 on the ethos-u85-1024 have" in told
    )
    assert "saves 30% with expansion 3 and 60% with the baseline's 6; the last stage's two 3% and 6% (" in told


def test_the_segmentation_page_says_which_of_e_keeps_no_miou(results):
    path = results / "segmentation/segmentation.csv"
    table = pd.read_csv(path)
    fastest = table["model"] == "Model E"
    table.loc[fastest, "latency_reduction_pct"] = 60.0
    table.loc[fastest, "keeps_quality"] = table["accelerator"] == "ethos-u65-512"
    table.to_csv(path, index=False)
    told = words(article.segmentation(path.parent))
    lost, kept = "60% of the latency on the {} (not keeping the mIoU)", "60% of the latency on the {} and"
    assert lost.format("ethos-u55-256") in told
    assert kept.format("ethos-u65-512") in told
    assert "only its range, 27 to 51%, can be compared" in told


def test_the_segmentation_page_says_that_enlarging_the_output_is_not_costed(results):
    told = words(article.segmentation(results / "segmentation"))
    assert "is enlarged bilinearly to the masks' size before each pixel takes its largest channel. Neither is" in told


def test_the_expert_page_says_what_is_saved_of_parameters_and_of_peak_activations_each(results):
    path = results / "expert/expert.csv"
    table = pd.read_csv(path)
    ends = (table["rule"] == "end") & (table["objective"] == "memory") & (table["task"] == "classification")
    starts = table[(table["rule"] == "start") & (table["task"] == "classification")].iloc[0]
    table.loc[ends, "param_bytes"] = 0.9 * starts["param_bytes"]
    table.loc[ends, "peak_activation_bytes"] = 0.2 * starts["peak_activation_bytes"]
    table.to_csv(path, index=False)
    told = words(expert.page(path.parent))
    assert "save 10% of the parameters and 80% of the peak activations on classification, " in told


def test_the_expert_page_says_where_peak_activations_are_no_measure_of_need(results):
    path = results / "expert/expert.csv"
    assert "On the ethos-u65-512 and ethos-u85-1024 the compiler fills the SRAM" in words(expert.page(path.parent))
    table = pd.read_csv(path)
    table[table["accelerator"] == "ethos-u55-256"].to_csv(path, index=False)
    assert "no measure" not in words(expert.page(path.parent))


def test_the_claims_page_counts_verdicts_and_shows_ends_and_n(results):
    path = results / "claims/claims.csv"
    table = pd.read_csv(path).head(3)
    table["verdict"] = ["partly", "partly", "reproduced"]
    table.loc[0, ["ours", "low", "high", "n"]] = [1.5, 1.25, 2.0, 7]
    table.to_csv(path, index=False)
    page = claims.page(path.parent)
    assert page.startswith("2 partly and 1 reproduced, of 3.")
    assert "| 1.5 (1.25 to 2, 7) | partly |" in page
