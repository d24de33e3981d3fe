"""Write golden values that there are not yet, of all families or of those named: python -m tests.golden scores

Of a version that has its values those that it has stay as they are, and what is new in it is added.
"""

import json
import sys
from pathlib import Path

from hw_model.files import write_whole
from tests.golden.families import FAMILIES

for name in sys.argv[1:] or FAMILIES:
    family = FAMILIES[name]
    path = Path(__file__).parent / f"{name}.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    kept = known.get(family.version, {})
    values = {key: kept.get(key, float(f"{value:.6g}")) for key, value in family.compute().items()}
    write_whole(path, json.dumps({family.version: values}, indent=1) + "\n")
    new = len(values.keys() - kept.keys())
    print(f"{name}: {new} values added to version {family.version}; raise {family.constant} where others changed")
