"""Write the golden values of versions that have none yet: python -m tests.golden"""

import json
from pathlib import Path

from hw_model.files import write_whole
from tests.golden.families import FAMILIES

for name, family in FAMILIES.items():
    path = Path(__file__).parent / f"{name}.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    if family.version in known:
        print(f"{name}: version {family.version} has its values; raise {family.constant} first where they changed")
        continue
    values = {key: float(f"{value:.6g}") for key, value in family.compute().items()}
    write_whole(path, json.dumps({family.version: values}, indent=1) + "\n")
    print(f"{name}: {len(values)} values of version {family.version} written")
