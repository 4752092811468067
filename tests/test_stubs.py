"""The generated stubs say of every plugin function what VapourSynth itself says of it."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
import vapoursynth as vs

from scripts import write_stubs


@pytest.fixture(scope="module")
def stub_classes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ast.ClassDef]:
    output = tmp_path_factory.mktemp("typings") / "vapoursynth" / "__init__.pyi"
    installed = Path(vs.__file__).with_name("vapoursynth.pyi")
    write_stubs.write_stubs(installed, output)
    tree = ast.parse(output.read_text(encoding="utf-8"))
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def methods(node: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    return (item for item in node.body if isinstance(item, ast.FunctionDef))


def argument_names(method: ast.FunctionDef) -> list[str]:
    return [argument.arg for argument in [*method.args.args[1:], *method.args.kwonlyargs]]


@pytest.mark.parametrize("namespace", sorted(plugin.namespace for plugin in vs.core.plugins()))
def test_the_arguments_are_those_of_the_running_plugin(stub_classes: dict[str, ast.ClassDef], namespace: str) -> None:
    plugin = getattr(vs.core, namespace)
    written = {method.name: set(argument_names(method)) for method in methods(stub_classes[f"_Core_{namespace}"])}
    running = {
        function.name: set(inspect.signature(function).parameters) - {"kwargs", "any"}
        for function in plugin.functions()
    }
    assert written == running


def test_a_clip_passes_itself_as_the_first_argument(stub_classes: dict[str, ast.ClassDef]) -> None:
    on_clip = {method.name: argument_names(method) for method in methods(stub_classes["_VideoNode_std"])}
    assert on_clip["AssumeFPS"] == ["src", "fpsnum", "fpsden"]
    assert "BlankAudio" not in on_clip


def test_a_signature_string_is_read_whole() -> None:
    parameters, takes_any = write_stubs.parse_signature("super:vnode;lambda:int:opt;clips:vnode[];any;")
    assert [parameter.render() for parameter in parameters] == [
        "super: VideoNode",
        "lambda_: int | None = None",
        "clips: VideoNode | Sequence[VideoNode]",
    ]
    assert takes_any


@pytest.mark.parametrize(
    ("signature", "returned"),
    [
        ("clip:vnode;", "VideoNode"),
        ("clip:vnode[]:all;", "VideoNode | list[VideoNode]"),
        ("", "None"),
        ("version:data;features:data[];", "dict[str, Any]"),
        ("any", "Any"),
    ],
)
def test_what_a_function_returns_is_read_too(signature: str, returned: str) -> None:
    assert write_stubs.render_return(signature) == returned
