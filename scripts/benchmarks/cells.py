"""The benchmark's cache: what was measured once, kept under a key made of everything that the numbers depend on."""

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OURS = ("vsainimotion", "export")
"""Packages of this repository that a digest of code follows."""

type Inputs = Mapping[str, Any]
"""Names and plain values (numbers, texts, lists, mappings) that decide what a measurement gives."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Measurements on disk, a readable JSON file each: its inputs, then its numbers."""

    folder: Path
    _used: set[Path] = field(default_factory=set)

    def path(self, inputs: Inputs) -> Path:
        """Returns where the measurement of these inputs lies or will lie."""
        return self.folder / f"{key(inputs)}.json"

    def load(self, inputs: Inputs) -> dict[str, Any] | None:
        """Reads a measurement; None where it was not made, or its file is not whole."""
        path = self.path(inputs)
        self._used.add(path)
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        numbers = kept.get("numbers") if isinstance(kept, dict) else None
        return numbers if isinstance(numbers, dict) else None

    def save(self, inputs: Inputs, numbers: Mapping[str, Any]) -> dict[str, Any]:
        """Writes a measurement beside its place, renames it into it, and returns it as it will be read."""
        path = self.path(inputs)
        self._used.add(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        kept = {name: _round(value) for name, value in numbers.items()}
        text = json.dumps({"inputs": inputs, "numbers": kept})
        unfinished.write_text(text.replace('"numbers"', '\n"numbers"') + "\n", encoding="utf-8")
        unfinished.replace(path)
        return kept

    def prune(self) -> int:
        """Removes the measurements that nothing has asked for since this object was made; returns how many."""
        stale = [path for path in self.folder.glob("*.json") if path not in self._used]
        for path in stale:
            path.unlink()
        return len(stale)


def _round(value: object) -> object:
    """Returns the same with six digits to each number: the files are kept with the page."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {name: _round(part) for name, part in value.items()}
    return [_round(part) for part in value] if isinstance(value, list) else value


def key(inputs: Inputs) -> str:
    """Returns the sha256 of the inputs' sorted JSON."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


@cache
def digest_file(path: Path) -> str:
    """Returns the sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def digest_code(module: str) -> str:
    """Returns a digest of a module of ours and of every module of ours that it imports.

    Comments, docstrings and layout do not count, so that a better sentence does not cost an hour of measuring.

    Args:
        module: A dotted name, such as `vsainimotion.interpolate`.
    """
    paths: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _find_module(name)
        if path is not None and name not in paths:
            paths[name] = path
            waiting.extend(_imports(path))
    total = hashlib.sha256()
    for name in sorted(paths):
        total.update(f"{name}\n{_plain(paths[name])}\n".encode())
    return total.hexdigest()


def _find_module(name: str) -> Path | None:
    place = ROOT.joinpath(*name.split("."))
    return next((path for path in (place / "__init__.py", place.with_suffix(".py")) if path.is_file()), None)


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in OURS:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _plain(path: Path) -> str:
    """Returns a module's code without comments, docstrings and layout."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            texts = [part for part in body if isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)]
            node.body = [part for part in body if part not in texts] or [ast.Pass()]  # type: ignore[attr-defined] # has it
    return ast.unparse(tree)
