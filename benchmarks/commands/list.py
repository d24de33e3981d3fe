"""`accelnas list`: the names that the other commands take."""

from __future__ import annotations


def list_names() -> None:
    """Print tasks, spaces, algorithms, accelerators, data sets and profiles."""
    from rich.console import Console
    from rich.table import Table

    from benchmarks.fidelities import PROFILES
    from hw_model.predict import accelerator_names
    from nas_algos.registry import algorithms, describe
    from nas_algos.single_shot.registry import SINGLE_SHOT
    from tasks.data.datasets import DATASETS
    from tasks.registry import TASKS
    from tasks.spaces.registry import space_names

    console = Console(width=120)
    table = Table("what", "names", show_lines=True)
    table.add_row("tasks", ", ".join(TASKS))
    for task in TASKS:
        table.add_row(f"spaces of {task}", ", ".join(space_names(task)) + ", or FILE.py")
    for each in algorithms():
        paper = f" ({each.paper})" if each.paper else ""
        table.add_row(f"algorithm ({each.origin})", f"{each.name}: {each.summary}{paper}")
    for name, factory in SINGLE_SHOT.items():
        each = describe(name, getattr(factory, "func", factory), "built-in")
        table.add_row("algorithm (single-shot)", f"{name}: {each.summary} ({each.paper})")
    table.add_row("algorithms too", "FILE.py")
    table.add_row("accelerators", ", ".join(accelerator_names()))
    table.add_row("data sets", ", ".join(DATASETS))
    table.add_row("profiles", ", ".join(PROFILES))
    console.print(table)
