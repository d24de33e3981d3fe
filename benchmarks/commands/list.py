"""`accelnas list`: the names that the other commands take."""

from __future__ import annotations


def list_names() -> None:
    """Print tasks, spaces, strategies, evaluators, policies and their settings, accelerators, boards, data sets,
    profiles."""
    from rich.table import Table

    from benchmarks.experiments.head_to_head.scored import scored_names
    from benchmarks.fidelities import PROFILES
    from benchmarks.runtime.console import plain_console
    from hw_model.boards import BOARDS
    from hw_model.cost_models import accelerator_names
    from nas_algos.policies import POLICIES
    from nas_algos.registry import algorithms, describe, shadowed_strategies
    from nas_algos.settings import default_settings, setting_names
    from nas_algos.single_shot.registry import SINGLE_SHOT
    from nas_algos.zero_shot.scores import SCORES, Combination
    from tasks.data.datasets import DATASETS
    from tasks.data.user.name import FORMS
    from tasks.registry import TASKS
    from tasks.spaces.registry import space_names

    console = plain_console()
    table = Table("what", "names", show_lines=True)
    table.add_row("tasks", ", ".join(TASKS))
    for task in TASKS:
        table.add_row(f"spaces of {task}", ", ".join(space_names(task)) + ", or FILE.py")
    for each in algorithms():
        paper = f" ({each.paper})" if each.paper else ""
        table.add_row(f"strategy ({each.origin})", f"{each.name}: {each.summary}{paper}{_settings_of(each.name)}")
    for name, where in shadowed_strategies().items():
        table.add_row("strategy (not used)", f"{name}: one of ours has the name of the entry point {where}")
    table.add_row("strategies too", "FILE.py")
    table.add_row("evaluator", "trained: each network is trained from scratch")
    for name, factory in SINGLE_SHOT.items():
        each = describe(name, factory, "built-in")
        names = ", ".join(setting_names(default_settings(factory)))
        table.add_row("evaluator", f"supernet:{name}: {each.summary} ({each.paper}); settings: {names}")
    compared = {name for task in TASKS for name in scored_names(task)}
    for name, score in SCORES.items():
        whole = "; of a pool in `accelnas compare` alone" if isinstance(score, Combination) else ""
        if whole and name not in compared:
            continue
        table.add_row("evaluator", f"zero_shot:{name} ({score.source}){whole}")
    table.add_row("policies", f"{', '.join(POLICIES)}; settings: {', '.join(setting_names(POLICIES['plain']))}")
    table.add_row("accelerators", ", ".join(accelerator_names()))
    table.add_row("boards", ", ".join(BOARDS))
    table.add_row("data sets", ", ".join(DATASETS) + f"; yours: {FORMS}")
    table.add_row("profiles", ", ".join(PROFILES))
    console.print(table)


def _settings_of(strategy: str) -> str:
    """What `accelnas search --set` takes for it; nothing where its package cannot be imported."""
    from nas_algos.errors import AlgorithmInputError
    from nas_algos.load import factory_of
    from nas_algos.settings import default_settings, setting_names

    try:
        names = setting_names(default_settings(factory_of(strategy)))
    except AlgorithmInputError:
        return ""
    return f"; settings: {', '.join(names)}" if names else ""
