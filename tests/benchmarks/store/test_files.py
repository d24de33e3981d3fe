"""Files of results are whole or not there, whoever else writes them and whenever the machine stops."""

import dataclasses
import json
import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

import benchmarks
from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.head_to_head.ground import read_pool
from benchmarks.experiments.head_to_head.ledger import machines
from benchmarks.experiments.iso_latency import run as iso_latency
from benchmarks.experiments.registry import EXPERIMENTS
from benchmarks.experiments.transfer import run as transfer
from benchmarks.markdown import rows
from benchmarks.report.pages import landscape
from benchmarks.store.files import merge_rows, read_own_csv, run_folder, save_figure, write_json, write_table
from benchmarks.tables.article import summaries
from benchmarks.tables.confirm import confirm_cells
from benchmarks.tables.models import photograph_term
from benchmarks.verification.again import compare
from hw_model.files import unfinished_beside, write_whole
from tasks.registry import make_task

WRITER = """
import sys
from pathlib import Path
from hw_model.files import write_whole
while True:
    for letter in sys.argv[2]:
        write_whole(Path(sys.argv[1]), letter * 1_000_000)
        print(letter, flush=True)
"""


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "new" / "table.csv"
    for text in ("a\n", "b\n"):
        write_whole(path, text)
        assert path.read_text() == text
    with pytest.raises(TypeError):
        write_whole(path, None)
    write_half = unfinished_beside(path)
    write_half.__enter__().write_text("half")
    assert not write_half.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert path.read_text() == "b\n"
    assert os.listdir(path.parent) == ["table.csv"]


def test_who_may_read_a_file_is_what_the_user_set(tmp_path):
    mask = os.umask(0o027)
    try:
        write_whole(tmp_path / "table.csv", "a")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "table.csv").stat().st_mode) == 0o640


def test_two_processes_that_write_one_file_and_are_killed_leave_it_whole(tmp_path):
    path = tmp_path / "table.csv"
    for wait in (0.01, 0.05, 0.1):
        command = [sys.executable, "-c", WRITER, str(path)]
        writers = [subprocess.Popen([*command, letters], stdout=subprocess.PIPE, text=True) for letters in ("ab", "cd")]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline()  # it writes now
        time.sleep(wait)
        for writer in writers:
            writer.kill()
            writer.communicate()
        text = path.read_text()
        assert text == text[0] * 1_000_000


def test_tables_figures_and_settings_are_written_as_they_are_read(tmp_path):
    write_table(tmp_path / "table.csv", pd.DataFrame({"a": [1 / 3], "b": ["x"]}), digits=3)
    assert (tmp_path / "table.csv").read_text() == "a,b\n0.333,x\n"
    write_table(tmp_path / "table.csv", pd.DataFrame({"a": [1 / 3]}), digits=None)
    assert pd.read_csv(tmp_path / "table.csv")["a"].item() == 1 / 3
    write_json(tmp_path / "settings.json", {"seed": 1})
    assert json.loads((tmp_path / "settings.json").read_text()) == {"seed": 1}
    save_figure(tmp_path / "plot.png", Figure(), dpi=50)
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_runs_of_other_settings_have_other_folders_that_say_which(tmp_path):
    first, again, other = (run_folder(tmp_path, "detection-random", {"budget": budget}) for budget in (5, 5, 6))
    assert first == again != other
    assert re.fullmatch(r"detection-random-[0-9a-f]{8}", first.name)
    written = json.loads((other / "settings.json").read_text())
    assert written["settings"] == {"budget": 6}
    assert set(written["made_by"]) >= {"commit", "jax", "device"}


def test_no_result_is_written_but_through_these():
    direct = re.compile(r"\.(to_csv|to_parquet|savefig|write_text|write_bytes)\(|\.save\(path")
    root = Path(benchmarks.__file__).parent
    files = {path.relative_to(root).as_posix(): path for path in root.rglob("*.py")}
    files |= {
        path.name: path for path in (root.parent / "tasks/data/contact_sheet.py", root.parent / "tasks/drawing.py")
    }
    found = {name for name, path in files.items() if direct.search(path.read_text())}
    # these write inputs and scratch files, to folders that are deleted again
    inputs = {f"experiments/bad_inputs/{name}.py" for name in ("file_kinds", "table_kinds", "kinds", "run")}
    inputs |= {"experiments/disturbance/run.py", "experiments/ray/run.py", "search/sent.py"}
    assert found - inputs == {"store/files.py"}


def test_fresh_rows_replace_those_of_their_key_and_leave_the_others(tmp_path):
    path, key = tmp_path / "new" / "table.csv", ("task", "seed")
    merge_rows(path, pd.DataFrame({"task": ["b", "a", "a"], "seed": [0, 1, 0], "quality": [0.1, 0.2, 0.3]}), key)
    merge_rows(path, pd.DataFrame({"task": ["a"], "seed": [1], "quality": [0.9]}), key)
    assert path.read_text() == "task,seed,quality\na,0,0.3\na,1,0.9\nb,0,0.1\n"


def test_counts_keep_their_digits_where_the_file_lacks_their_column(tmp_path):
    path = tmp_path / "table.csv"
    merge_rows(path, pd.DataFrame({"task": ["a"], "quality": [0.1]}), ("task",))
    merge_rows(path, pd.DataFrame({"task": ["a"], "quality": [0.1], "networks": [34_556_951_025]}), ("task",))
    assert path.read_text().splitlines()[1] == "a,0.1,34556951025"


def test_counts_of_rows_that_stay_keep_their_digits_where_fresh_rows_lack_them(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("task,macs,flops\na,29380608,3.4416e+13\nb,29380609,3.42987e+13\n")
    for name in ("a", "c"):  # the second time the column has gaps in the file
        merge_rows(path, pd.DataFrame({"task": [name], "params": [1_234_567_891]}), ("task",))
    expected = "task,macs,flops,params\na,,,1234567891\nb,29380609,3.42987e+13,\nc,,,1234567891\n"
    assert path.read_text() == expected


def test_rows_of_an_earlier_versions_table_are_not_merged_and_it_is_named(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("task,quality\na,0.5\n")
    fresh = pd.DataFrame({"task": ["a"], "seed": [1], "quality": [0.9]})
    with pytest.raises(BenchmarkInputError, match=r"table\.csv has no column seed: it is of an earlier version"):
        merge_rows(path, fresh, ("task", "seed"))
    assert path.read_text() == "task,quality\na,0.5\n"


@pytest.mark.parametrize("content", [b"", b"\n", b'a,b\n"', b"a\n1,2\n1,2,3\n", b"\xff\xfe\x00"])
def test_a_damaged_table_is_named_and_left_alone_and_asked_for_before_what_takes_long(tmp_path, content):
    path = tmp_path / "controls.csv"
    path.write_bytes(content)
    named = r"controls\.csv cannot be read as CSV \(.*\); move it away first"
    with pytest.raises(BenchmarkInputError, match=named):
        merge_rows(path, pd.DataFrame({"task": ["a"]}), ("task",))
    assert path.read_bytes() == content
    experiment = dataclasses.replace(EXPERIMENTS["controls"], shelf=".", module="began.nothing")
    with pytest.raises(BenchmarkInputError, match=named):
        experiment.run(EXPERIMENTS["controls"].settings({}), tmp_path, tmp_path)


def test_a_missing_table_that_later_experiments_rest_on_is_named(tmp_path):
    with pytest.raises(BenchmarkInputError, match=r"truth\.csv: no such file"):
        read_own_csv(tmp_path / "truth.csv")


def test_a_damaged_table_that_pages_networks_intervals_or_experiments_rest_on_is_named(tmp_path):
    files = ("baselines/baselines.csv", "detection/detection.csv", "head_to_head/head_to_head.csv")
    files += ("landscape/landscape.csv", "tables/gpu.csv", "iso_latency/iso_latency.csv", "truth/truth.csv")
    for file in files:
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_bytes(b"\xff\xfe\x00")
    task = make_task("detection")
    asked = (
        lambda: rows(tmp_path / files[1]),
        lambda: photograph_term(tmp_path, "detection", task.dataset),
        lambda: summaries(tmp_path, "detection", ("detection",)),
        lambda: confirm_cells(tmp_path, task),
        lambda: landscape.page(tmp_path / "landscape"),
        lambda: machines(tmp_path, ["detection"]),
        lambda: compare(tmp_path / files[1], tmp_path / files[1]),
        lambda: iso_latency.run(iso_latency.Settings(tables=tmp_path), tmp_path, tmp_path),
        lambda: transfer.source_networks(transfer.Settings(tables=tmp_path)),
        lambda: read_pool(tmp_path / files[4], "detection", None),
    )
    for ask in asked:
        with pytest.raises(BenchmarkInputError, match=r"\.csv cannot be read as CSV"):
            ask()
