"""The per-user folder for what can be made again: source indexes and the configuration of our child processes."""

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from vsainimotion.models.cache import user_cache


def cache_folder(name: str) -> Path:
    """Makes and returns a subfolder of the user's cache.

    Args:
        name: Name of the subfolder.

    Returns:
        A writable folder: under `VSAINIMOTION_CACHE`, else under the platform's cache folder, else (a home that
        cannot be written) under the temporary folder.
    """
    for base in (user_cache(), Path(tempfile.gettempdir()) / f"vsainimotion-{_user()}"):
        folder = base / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return Path(tempfile.mkdtemp(prefix="vsainimotion-"))


def cache_key(inputs: Mapping[str, str | int]) -> str:
    """Returns the first 24 hexadecimal digits of the sha256 of the inputs as sorted JSON."""
    text = json.dumps(inputs, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _user() -> str:
    return str(os.getuid()) if sys.platform != "win32" else os.environ.get("USERNAME", "user")
