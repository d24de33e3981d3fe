"""Every experiment and timing by name: what `accelnas reproduce` lists and runs."""

from __future__ import annotations

from types import MappingProxyType

from benchmarks.errors import check_names
from benchmarks.experiments.experiment import Experiment


def _experiment(
    name: str,
    shows: str,
    hours: float,
    files: tuple[str, ...] = (),
    shelf: str = "",
    module: str = "",
    chooses_rows: tuple[str, ...] = (),
) -> Experiment:
    """By default one that writes NAME.csv on the shelf NAME, by benchmarks.experiments.NAME.run."""
    files, module = files or (f"{name}.csv",), module or f"benchmarks.experiments.{name}.run"
    return Experiment(name, shows, hours, shelf or name, files, module, chooses_rows)


_ALL = (
    _experiment(
        "detection",
        "the article's first table: width multipliers, fusion and both, searched on the trained table",
        0.1,
        files=("detection.csv", "detection_levels.csv", "detection_fusion.csv"),
    ),
    _experiment(
        "classification",
        "a classifier within the article's memory budget: by an expert, by a search, and by both",
        0.05,
    ),
    _experiment(
        "segmentation",
        "five segmentation networks of a Pareto set, from most accurate to fastest, as the article's A to E",
        0.05,
        files=("segmentation.csv", "segmentation_front.csv"),
    ),
    _experiment("iso_latency", "the best networks at the baselines' latency, and how much larger they are", 0.02),
    _experiment(
        "transfer", "the best detector on other tasks and data: as it is, adapted by the expert, searched anew", 0.02
    ),
    _experiment(
        "transfer_photo_objects",
        "what the transferred detectors come to on PhotoObjects, trained there",
        0.5,
        files=("photo_objects.csv",),
        shelf="transfer",
        module="benchmarks.experiments.transfer.other_data",
    ),
    _experiment(
        "sustainability", "energy of searches and inferences, and the article's million users, every factor shown", 0.01
    ),
    _experiment(
        "claims", "each claim of the article beside what was found here, with a verdict that a rule gives", 0.01
    ),
    _experiment(
        "head_to_head",
        "families of search at equal spend on the trained tables, a thousand searches each, of slow ones thirty",
        0.8,
        files=(
            *("head_to_head.csv", "head_to_head_curves.csv", "head_to_head_differences.csv"),
            *("head_to_head_aggregates.csv", "head_to_head_ledger.csv", "head_to_head_winners.csv"),
            "head_to_head.png",
        ),
    ),
    _experiment(
        "confirmed",
        "what the networks that searches on the tables ended with come to when trained",
        0.02,
        shelf="head_to_head",
        module="benchmarks.experiments.head_to_head.confirmed",
    ),
    _experiment(
        "curation",
        "whether curated spaces are easier to search, by quality and by latency, and why",
        1.0,
        files=(
            "curation.csv",
            "curation_winners.csv",
            *(f"curation_{task}.png" for task in ("classification", "detection", "segmentation")),
        ),
        chooses_rows=("tasks", "steps_only"),
    ),
    _experiment(
        "landscape",
        "how MACs, latency, and latency at curated channels change with the channels of two layers",
        0.2,
        files=("landscape.csv", "landscape_walks.csv", "landscape_steps.csv", "landscape.png"),
        chooses_rows=("compiled",),
    ),
    _experiment(
        "single_shot",
        "how supernets rank the trained tables' networks, and what they cost and find",
        200.0,
        files=("single_shot.csv", "single_shot_spend.csv"),
        chooses_rows=("task", "algorithm", "budget"),
    ),
    _experiment(
        "zero_shot",
        "how scores of untrained networks rank the networks of the trained tables",
        8.0,
        files=("zero_shot.csv", "zero_shot_scores.csv", "zero_shot.png"),
        chooses_rows=("task", "scores", "trained", "drawn", "missing_only", "correlate_only"),
    ),
    _experiment(
        "strategies",
        "what the strategies find on tabulated spaces beside pymoo, Optuna and Syne Tune, and how fast",
        6.0,
        files=("regret.csv", "hypervolume.csv", "speed.csv"),
        chooses_rows=("nas_bench_macro", "problems", "evaluations", "strategies", "peers", "speed", "timed"),
    ),
    _experiment("expert", "what an expert's rewrite rules save on each task's baseline, step by step", 0.2),
    _experiment("fidelity", "how well the tables' recipe search ranks what their recipe final ranks", 0.02),
    _experiment(
        "baselines",
        "quality and cost of what each task's search starts from",
        0.3,
        files=("baselines.csv", "predictions_detection.png", "predictions_segmentation.png", "scenes.png"),
        chooses_rows=("dataset", "task", "recipe", "accelerators"),
    ),
    _experiment(
        "ray", "trials a second through a Ray cluster, and what is lost where workers and nodes are killed", 0.05
    ),
    _experiment(
        "controls",
        "what tasks give without looking, and by neighbours or averages: what networks must beat",
        0.3,
        chooses_rows=("dataset", "task"),
    ),
    _experiment(
        "agreement",
        "whether networks trained at once on an accelerator end where those trained alone on a CPU end",
        0.02,
        shelf="tables",
    ),
    _experiment(
        "recipes",
        "what the recipes of the trained tables were chosen by, and what twice the passes add",
        0.02,
        files=("recipe_sweep.csv", "recipes.csv"),
        shelf="tables",
    ),
    _experiment(
        "surrogate",
        "how well surrogates fitted to the trained tables predict networks they were not fitted to",
        0.1,
        files=("surrogate.csv", "surrogate.png", "classification.npz", "detection.npz", "segmentation.npz"),
        chooses_rows=("task",),
    ),
    _experiment(
        "truth",
        "the best networks of each space by the trained tables, exact where it is enumerated",
        0.2,
        files=("truth.csv", "truth_fronts.csv"),
    ),
    _experiment(
        "optimisers_curse",
        "what networks that the surrogates think best come to when trained",
        0.02,
        files=("optimisers_curse.csv", "article_choices.csv"),
    ),
    _experiment(
        "skeletons",
        "what the skeletons were chosen by: latency of baselines and single changes, compiled whole",
        0.05,
        files=("skeletons.csv", "channel_sweep.csv"),
    ),
    _experiment("spaces", "how large the spaces are, and what auto-curation keeps", 0.1),
    _experiment(
        "export",
        "baselines and winners as int8 files: quality in float and int8, latency with trained weights",
        0.3,
        files=(
            "export.csv",
            *(f"detection-{model}.tflite" for model in ("Baseline", "V1", "V2", "V3")),
        ),
        chooses_rows=("task", "accelerators"),
    ),
    _experiment(
        "estimator",
        "errors of the learned estimator, of analytic models, of MACs, and of sums of parts",
        0.2,
        files=("estimator.csv", "estimator_error.png", "estimator_scatter.png", "channel_sweep.png"),
        chooses_rows=("accelerator", "measured"),
    ),
    _experiment(
        "silicon",
        "published measurements on boards beside the compiler's and the estimators' figures",
        0.03,
    ),
    _experiment(
        "cost_speed",
        "networks a second of every way to cost them",
        0.1,
        shelf="timings",
        module="benchmarks.timings.cost",
    ),
    _experiment(
        "training_speed",
        "images a second in training, beside PyTorch where --set peer=PYTHON names one that has it",
        0.5,
        shelf="timings",
        module="benchmarks.timings.training",
        chooses_rows=("peer",),
    ),
    _experiment(
        "training_cost",
        "CPU seconds of trainings by the recipe of searches, which claims and ledgers count with",
        0.2,
        shelf="timings",
        module="benchmarks.timings.training_cost",
        chooses_rows=("task",),
    ),
    _experiment(
        "training_profile",
        "where a training step's milliseconds go",
        0.1,
        shelf="timings",
        module="benchmarks.timings.training_profile",
    ),
    _experiment(
        "candidates_at_once",
        "candidates trained one by one and many at once through the supernet",
        0.2,
        shelf="timings",
        module="benchmarks.timings.candidates_at_once",
        chooses_rows=("task", "at_once"),
    ),
    _experiment(
        "store_speed",
        "how long a store of a million trials takes to open, look up, list and export",
        0.5,
        files=("store.csv",),
        shelf="timings",
        module="benchmarks.timings.store",
        chooses_rows=("rows",),
    ),
    _experiment(
        "long_run",
        "memory and store through ten million proposals, and how long tables and the report take then",
        0.3,
        shelf="timings",
        module="benchmarks.report.long_run",
    ),
    _experiment(
        "supernet_speed",
        "what weight sharing costs and saves in compiling, training and scoring",
        0.1,
        shelf="timings",
        module="benchmarks.timings.supernet",
    ),
    _experiment("bad_inputs", "what the command line makes of ten thousand inputs that nothing can work with", 0.2),
    _experiment("disturbance", "what becomes of a search that is killed fifty times at random moments", 0.5),
)
EXPERIMENTS: MappingProxyType[str, Experiment] = MappingProxyType({each.name: each for each in _ALL})


def find_experiments(names: tuple[str, ...]) -> list[Experiment]:
    """Those of these names.  Raises BenchmarkInputError for one that there is not."""
    check_names("experiment", names, EXPERIMENTS)
    return [EXPERIMENTS[name] for name in dict.fromkeys(names)]
