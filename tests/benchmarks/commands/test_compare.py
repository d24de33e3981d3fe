"""`accelnas compare` on the trained tables: the folder that a contest writes to."""

from pathlib import Path

from benchmarks.commands.compare import compare

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_another_content_of_a_contenders_file_has_a_folder_of_its_own(tmp_path, monkeypatch):
    folders = []
    monkeypatch.setattr(
        "benchmarks.experiments.head_to_head.run.run", lambda settings, home, folder: folders.append(folder)
    )
    mine, results = tmp_path / "mine.py", tmp_path / "results"
    for more in ("", "", "# another\n"):
        mine.write_text((EXAMPLES / "climber.py").read_text() + more)
        compare("detection", contenders=(str(mine),), budget=(10,), home=tmp_path, results=results)
    assert folders[0] == folders[1] != folders[2]
