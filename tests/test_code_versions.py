"""Results are stored under the version of their code, which is raised when what the code yields changes."""

import json
from pathlib import Path

import pytest

import tests.golden
from tests.golden.families import FAMILIES, Family


def check(name: str, family: Family, values: dict[str, float]) -> None:
    golden = json.loads((Path(tests.golden.__file__).parent / f"{name}.json").read_text()).get(family.version)
    assert golden is not None, f"{family.constant} was raised: write its golden values, `python -m tests.golden {name}`"
    near = {"rel": family.tolerance, "abs": family.tolerance * family.least, "nan_ok": True}
    changed = [key for key in golden if values.get(key) != pytest.approx(golden[key], **near)]
    new = [key for key in values if key not in golden]
    assert changed or not new, f"{len(new)} new values, such as {new[0]!r}: `python -m tests.golden {name}` adds them"
    assert not changed, (
        f"what {name} yields has changed ({len(changed)} of {len(golden)} values, such as {changed[0]!r}): "
        f"raise the version {family.constant}, then write the golden values with `python -m tests.golden {name}`"
    )


@pytest.mark.timeout(900)  # most compile for half a minute, more on a busy machine
@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name != "cost")) for name in FAMILIES])
def test_what_the_code_yields_is_what_its_version_stands_for(name):
    check(name, FAMILIES[name], FAMILIES[name].compute())


@pytest.mark.parametrize("name", FAMILIES)
def test_a_change_of_one_value_asks_for_another_version(name):
    """The check can fail."""
    golden = json.loads((Path(tests.golden.__file__).parent / f"{name}.json").read_text())[FAMILIES[name].version]
    check(name, FAMILIES[name], golden)
    key = min((key for key, value in golden.items() if value > FAMILIES[name].least), key=golden.__getitem__)
    with pytest.raises(AssertionError, match=r"raise the version .*_CODE_VERSION"):
        check(name, FAMILIES[name], golden | {key: golden[key] * 1.01})
    with pytest.raises(AssertionError, match="raised: write its golden values"):
        check(name, FAMILIES[name]._replace(version="none"), golden)
    with pytest.raises(AssertionError, match="1 new values, such as 'added': `python -m tests"):
        check(name, FAMILIES[name], golden | {"added": 1.0})
