"""Files of results, written whole or not at all (`hw_model.files`), and tables of which one run replaces some rows."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.errors import BenchmarkInputError, one_line
from benchmarks.store.keys import plain, settings_digest
from benchmarks.store.provenance import current_provenance
from hw_model.blocks import Block
from hw_model.files import folder_locked, write_whole
from hw_model.network_text import network_content

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def write_table(path: Path, table: pd.DataFrame, digits: int | None = 6) -> None:
    """A table as CSV without its index, floats to so many digits, or all of them where None."""
    write_whole(path, table.to_csv(index=False, float_format=None if digits is None else f"%.{digits}g"))


def write_json(path: Path, content: Any) -> None:
    """Plain content as JSON that people read."""
    write_whole(path, json.dumps(content, indent=1) + "\n")


def save_figure(path: Path, figure: Figure, dpi: int, metadata: dict[str, None] | None = None) -> None:
    """A matplotlib figure in the format that the path's suffix names."""
    content = io.BytesIO()
    figure.savefig(content, format=path.suffix.removeprefix("."), dpi=dpi, metadata=metadata)
    write_whole(path, content.getvalue())


def run_folder(results: Path, name: str, settings: Mapping[str, Any]) -> Path:
    """A folder of one run's results, made: its name and 8 digits of its settings, which lie in it as settings.json.

    So no run overwrites what another one with other settings wrote.  Raises BenchmarkInputError where settings hold
    what says nothing of its content (`keys.plain`).
    """
    folder = results / f"{name}-{settings_digest(settings)[:8]}"
    write_json(folder / "settings.json", {"settings": plain(settings), "made_by": vars(current_provenance())})
    return folder


def by_content(given: str | Path | None) -> Any:
    """What a run's settings say of a table, a file of code or costs: its name, and of a file what is in it too."""
    if not isinstance(given, Path) and not str(given).endswith((".csv", ".py")):
        return given
    path = Path(str(given))
    return {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def write_network(path: Path, name: str, blocks: Sequence[Block]) -> None:
    """A network as JSON that `accelnas cost` and `accelnas train` take."""
    write_json(path, network_content(name, blocks))


def read_own_csv(path: Path, columns: Sequence[str] = (), made_by: str = "") -> pd.DataFrame:
    """A table that a command wrote.

    made_by: which command that is, for who has no such table yet.
    Raises BenchmarkInputError, naming the file, where it is missing or damaged or lacks one of these columns.
    """
    import pandas as pd  # takes half a second, which who only writes text need not pay

    try:
        table = pd.read_csv(path, low_memory=False)
    except FileNotFoundError as error:
        raise BenchmarkInputError(f"{path}: no such file" + (f"; `{made_by}` writes it" if made_by else "")) from error
    except (OSError, ValueError) as error:  # pandas' own are ValueErrors, as is that of text that is none
        reason = one_line(getattr(error, "strerror", None) or error)[:80]
        raise BenchmarkInputError(f"{path} cannot be read as CSV ({reason}); move it away first") from error
    if lacking := set(columns) - set(table):
        raise BenchmarkInputError(
            f"{path} has no column {', '.join(sorted(lacking))}: it is of an earlier version; move it away first"
        )
    return table


def check_mergeable(path: Path, key: Sequence[str]) -> None:
    """Raise BenchmarkInputError where the table at `path` is damaged or lacks a column that rows are told apart by."""
    if path.exists():
        read_own_csv(path, key)


def merge_rows(path: Path, fresh: pd.DataFrame, key: Sequence[str]) -> pd.DataFrame:
    """The table at `path` with its rows of the fresh ones' keys replaced, in the order of keys, written there.

    Returned as it is read from there, so that what is made of it can be made of the file too, to the last digit.
    Raises as `check_mergeable`, which what takes long asks first.
    """
    import pandas as pd

    columns = list(key)
    with folder_locked(path.parent):
        if path.exists():
            kept = read_own_csv(path, columns)
            done = set(fresh[columns].itertuples(index=False, name=None))
            others = [row not in done for row in kept[columns].itertuples(index=False, name=None)]
            if any(others):
                counts = pd.read_csv(path, dtype_backend="numpy_nullable").select_dtypes("integer").columns
                counts = {*counts, *fresh.select_dtypes("integer")}
                fresh = pd.concat([kept.loc[others], fresh])
                for name in counts:  # with gaps they are floats, and would lose digits
                    values = fresh[name].dropna()
                    if values.dtype.kind == "f" and not any(values % 1):
                        fresh[name] = fresh[name].astype("Int64")
        fresh = fresh.sort_values(columns, kind="stable")
        write_table(path, fresh)
        return pd.read_csv(path)
