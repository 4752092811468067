"""Writes type stubs for VapourSynth and the plugins that are installed, for the type checker.

    scripts/in-venv dev python scripts/write_stubs.py

VapourSynth ships a stub file with places marked for what its plugins add (`core.std`, `clip.akarin` and so on). This
program asks each loaded plugin for the signatures of its functions, puts them there and writes the whole to
`build/typings/vapoursynth`, where mypy finds it before the installed package. Nothing of it is committed: the stubs are
VapourSynth's text and say what this machine has.
"""

import keyword
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import vapoursynth as vs

from vsainimotion.native import PLUGIN_PACKAGES

OUTPUT = Path(__file__).resolve().parent.parent / "build" / "typings" / "vapoursynth" / "__init__.pyi"

TYPES = {
    "int": "int",
    "float": "float",
    "data": "str | bytes | bytearray",
    "func": "Func | Callable[..., Any]",
    "vnode": "VideoNode",
    "anode": "AudioNode",
    "vframe": "VideoFrame",
    "aframe": "AudioFrame",
}
"""Python's types for VapourSynth's."""

CLIP_CLASSES = {"vnode": "VideoNode", "anode": "AudioNode"}
"""The classes that pass themselves as the first argument when a function is called on them."""

PREAMBLE = '''
class FlexibleOutput(TypedDict):
    """What a network's node returns when its output planes go into frame properties."""

    clip: "VideoNode"
    num_planes: int


class TimedVideo(TypedDict):
    """What BestSource returns when it is asked for the timestamps, and the file has any."""

    clip: "VideoNode"
    timestamps: int | list[int]
    timebasenum: int
    timebaseden: int


class _BoundPlugin:
    """What every plugin has, apart from its functions."""

    identifier: str
    namespace: str
    name: str

    def functions(self) -> Iterator[Function]: ...

    @property
    def version(self) -> PluginVersion: ...

    @property
    def plugin_path(self) -> str: ...

'''


RICHER_RESULTS = {
    ("Model", "flexible_output_prop"): "FlexibleOutput",
    ("VideoSource", "exporttimestamps"): "VideoNode | TimedVideo",
}
"""Functions that return more than a clip when an argument asks for it, which their signatures do not say."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """One parameter of a native function, as its signature string has it: `name:type[]:opt`."""

    name: str
    kind: str
    is_array: bool
    is_optional: bool

    def render(self, *, optional: bool | None = None) -> str:
        """Writes the parameter as Python; `optional` overrides whether it has a default."""
        annotation = TYPES[self.kind]
        if self.is_array:
            annotation = f"{annotation} | Sequence[{annotation}]"
        if self.is_optional if optional is None else optional:
            return f"{self.name}: {annotation} | None = None"
        return f"{self.name}: {annotation}"


def parse_signature(signature: str) -> tuple[list[Parameter], bool]:
    """Reads a signature string.

    Args:
        signature: For example `clip:vnode;planes:int[]:opt;`.

    Returns:
        The parameters in order, and whether the function takes any others besides.
    """
    parameters = []
    takes_any = False
    for part in filter(None, signature.split(";")):
        name, _, rest = part.partition(":")
        if not rest:
            takes_any = True
            continue
        kind, *flags = rest.split(":")
        # A name that Python keeps for itself is reached with an underscore behind it, as VapourSynth does.
        name = f"{name}_" if keyword.iskeyword(name) else name
        is_array = kind.endswith("[]")
        parameters.append(
            Parameter(name=name, kind=kind.removesuffix("[]"), is_array=is_array, is_optional="opt" in flags)
        )
    return parameters, takes_any


def render_return(signature: str) -> str:
    """Writes what a function returns as a Python type; a result of one key comes without its dictionary."""
    if signature == "any":
        return "Any"
    results, _ = parse_signature(signature)
    kinds = [TYPES[result.kind] for result in results]
    if not results:
        return "None"
    if len(results) > 1:
        return "dict[str, Any]"
    # An array of one comes as the element itself: SplitPlanes of a grey clip is a clip.
    return f"{kinds[0]} | list[{kinds[0]}]" if results[0].is_array else kinds[0]


def render_function(function: vs.Function, *, bound: str | None) -> Iterator[str]:
    """Writes one function as a method of its plugin.

    Args:
        function: The native function.
        bound: The kind of clip that is passed as the first argument by itself, or None on the core.

    Yields:
        Lines of Python; none where the function cannot be called on that kind of clip.
    """
    parameters, takes_any = parse_signature(function.signature)
    if bound is not None:
        if not parameters or parameters[0].kind != bound:
            return
        parameters = parameters[1:]
    tail = ["**kwargs: _VapourSynthMapValue"] if takes_any else []
    asking = next((p for p in parameters if (function.name, p.name) in RICHER_RESULTS), None)
    if asking is None:
        returned = render_return(function.return_signature)
        yield render_method(function.name, [p.render() for p in parameters] + tail, returned)
        return
    others = [p.render() for p in parameters if p is not asking]
    yield "    @overload"
    yield render_method(function.name, others, "VideoNode")
    yield "    @overload"
    richer = RICHER_RESULTS[function.name, asking.name]
    yield render_method(function.name, [*others, "*", asking.render(optional=False)], richer)


def render_method(name: str, parameters: Sequence[str], returned: str) -> str:
    """Writes one method's line."""
    return f"    def {name}({', '.join(['self', *parameters])}) -> {returned}: ..."


def render_plugin(plugin: vs.Plugin, owner: str, bound: str | None) -> list[str]:
    """Writes a plugin's class as one owner (the core or a kind of clip) sees it; empty where it has no functions."""
    functions = sorted(plugin.functions(), key=lambda function: function.name)
    lines = [line for function in functions for line in render_function(function, bound=bound)]
    return [f"class _{owner}_{plugin.namespace}(_BoundPlugin):", *lines, "", ""] if lines else []


def render_property(name: str, returned: str) -> list[str]:
    """Writes the attribute by which an owner reaches a plugin."""
    return ["    @property", f"    def {name}(self) -> {returned}: ...", ""]


def write_stubs(installed: Path, output: Path) -> int:
    """Writes the stub file.

    Args:
        installed: VapourSynth's own stub file.
        output: The file to write.

    Returns:
        The number of plugins in it.
    """
    plugins = sorted(vs.core.plugins(), key=lambda plugin: plugin.namespace)
    owners = {"Core": None} | {owner: kind for kind, owner in CLIP_CLASSES.items()}
    classes = PREAMBLE.splitlines()
    attributes: dict[str, list[str]] = {owner: [] for owner in owners}
    for owner, bound in owners.items():
        for plugin in plugins:
            lines = render_plugin(plugin, owner, bound)
            classes += lines
            if lines:
                attributes[owner] += render_property(plugin.namespace, f"_{owner}_{plugin.namespace}")
    # Plugins of our table that are not installed here: their functions are not known, so they stay untyped.
    for namespace in sorted(PLUGIN_PACKAGES.keys() - {plugin.namespace for plugin in plugins}):
        attributes["Core"] += render_property(namespace, "Plugin")
    text = installed.read_text(encoding="utf-8")
    text = text.replace("#include <plugins/implementations>", "\n".join(classes))
    for owner, lines in attributes.items():
        text = text.replace(f"#include <plugins/bound/{owner}>", "\n".join(lines))
    output.parent.mkdir(parents=True, exist_ok=True)
    # The text is VapourSynth's own: what the checker finds inside it is not ours to mend.
    output.write_text(f"# mypy: ignore-errors\n{text}", encoding="utf-8")
    return len(plugins)


def main() -> int:
    """Writes the stubs for this environment."""
    spec = find_spec("vapoursynth")
    if spec is None or spec.origin is None:
        sys.exit("write_stubs: the vapoursynth package has no folder to take its stub file from")
    count = write_stubs(Path(spec.origin).with_name("vapoursynth.pyi"), OUTPUT)
    print(f"wrote {OUTPUT.relative_to(Path.cwd()) if OUTPUT.is_relative_to(Path.cwd()) else OUTPUT}: {count} plugins")
    return 0


if __name__ == "__main__":
    sys.exit(main())
