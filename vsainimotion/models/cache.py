"""The user's cache folder, as far as networks need it: engines, and what was measured."""

import os
import sys
from pathlib import Path


def platform_cache() -> Path:
    """Returns `vsainimotion` in the platform's folder for caches; it may not exist yet.

    That is in `XDG_CACHE_HOME` or `~/.cache`, on a Mac `~/Library/Caches`, on Windows `LOCALAPPDATA`.
    """
    home = Path.home()
    if sys.platform == "win32":
        cache = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif sys.platform == "darwin":
        cache = home / "Library" / "Caches"
    else:
        cache = os.environ.get("XDG_CACHE_HOME") or home / ".cache"
    return Path(cache) / "vsainimotion"


def user_cache() -> Path:
    """Returns the folder that `VSAINIMOTION_CACHE` names, else `platform_cache()`."""
    named = os.environ.get("VSAINIMOTION_CACHE")
    return Path(named) if named else platform_cache()
