"""Where what can be made again is kept between commands."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(name: str) -> Path:
    """A folder of the cache: `$DFR_KERAS_HOME/<name>`, by default under `~/.cache/dfr-keras`."""
    home = os.environ.get("DFR_KERAS_HOME") or Path.home() / ".cache" / "dfr-keras"
    return Path(home).expanduser() / name
