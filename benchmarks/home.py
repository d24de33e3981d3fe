"""Where everything is kept that takes time to make: data, trials, measurements, compilations."""

from __future__ import annotations

import os
from pathlib import Path

DEFAULT_HOME = Path(os.environ.get("ACCELNAS_HOME", ".accelnas"))
