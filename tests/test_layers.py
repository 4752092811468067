"""The layers of docs/design.md: a module imports only from the layers before its own."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "vsainimotion"
ROOT = Path(__file__).resolve().parent.parent

LAYERS = (
    ("errors", "native", "timing"),
    ("models", "backend"),
    (
        "intervals",
        "measures",
        "holds",
        "returns",
        "shots",
        "gate",
        "cadence",
        "timeline",
        "rgb",
        "motion",
        "blocks",
        "warp",
        "overlays",
        "refine",
        "fusion",
        "pans",
        "figures",
        "layers",
        "drawings",
        "patches",
        "size",
    ),
    ("interpolate", "upscale"),
    ("enhance", "bench"),
    ("media",),
    ("report",),
    ("cli", "__main__"),
)
"""From the ground up. Within one layer a module may use its neighbours, as long as no circle comes of it."""

OUTSIDERS = {"export", "engines", "scripts", "tests", "examples"}
"""Folders of the checkout that no wheel carries; nothing in the package may import them."""

HEAVY = {"torch", "onnx", "onnxruntime", "openvino", "tensorrt", "cv2", "skia", "PIL"}
"""What the product does without: the workshop's own libraries, and runtimes that its plugins bring along."""


def package_files() -> list[Path]:
    return sorted((ROOT / PACKAGE).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(path: Path) -> Iterator[tuple[str, int]]:
    """Every absolute name a file imports, also inside functions and under TYPE_CHECKING, with its line."""
    package = module_name(path) if path.name == "__init__.py" else module_name(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                outer = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*outer, *([base] if base else [])])
            yield base, node.lineno
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)


def layer(module: str) -> int | None:
    """The layer of one of our modules; the package itself, which only gathers the public names, has none."""
    parts = module.split(".")
    if parts[0] != PACKAGE or len(parts) == 1:
        return None
    return next((k for k, names in enumerate(LAYERS) if parts[1] in names), None)


@pytest.mark.parametrize("path", package_files(), ids=module_name)
def test_a_module_imports_only_from_its_own_layer_and_those_before(path: Path) -> None:
    own = layer(module_name(path))
    reached = [(name, line, layer(name)) for name, line in imported_names(path)]
    upward = [f"line {line}: {name}" for name, line, k in reached if own is not None and k is not None and k > own]
    assert not upward, f"{path.name} is in layer {LAYERS[own or 0]} and imports from a later one: {upward}"


@pytest.mark.parametrize("path", package_files(), ids=module_name)
def test_a_module_imports_neither_the_workshop_nor_its_libraries(path: Path) -> None:
    found = [f"line {line}: {name}" for name, line in imported_names(path) if name.split(".")[0] in OUTSIDERS | HEAVY]
    assert not found


@pytest.mark.parametrize("path", package_files(), ids=module_name)
def test_a_module_below_the_package_goes_round_its_public_face(path: Path) -> None:
    """`from vsainimotion import gate` inside the package would load everything; modules name each other in full."""
    if module_name(path) == PACKAGE or layer(module_name(path)) == len(LAYERS) - 1:
        return
    known = {module_name(file) for file in package_files()}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == PACKAGE and not node.level:
            assert all(f"{PACKAGE}.{alias.name}" in known for alias in node.names), f"line {node.lineno}"


def test_every_module_has_a_layer() -> None:
    modules = {module_name(path) for path in package_files()} - {PACKAGE}
    assert not [module for module in sorted(modules) if layer(module) is None]


def test_modules_of_one_layer_import_each_other_in_no_circle() -> None:
    known = {module_name(path) for path in package_files()}
    edges = {
        module_name(path): {name for name, _ in imported_names(path) if name in known and name != module_name(path)}
        for path in package_files()
    }
    done: set[str] = set()

    def walk(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, f"a circle: {' -> '.join([*trail, module])}"
        if module not in done:
            for other in sorted(edges[module]):
                # A package and its own modules are one thing here: __init__ gathers what the others define.
                if not module.startswith(f"{other}."):
                    walk(other, (*trail, module))
            done.add(module)

    for module in sorted(known - {PACKAGE}):
        walk(module, ())
