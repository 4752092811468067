"""`ainimotion doctor`: what is installed and works here, what does not, and how to get it."""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib import metadata
from itertools import groupby
from pathlib import Path

import click
import vapoursynth as vs

from vsainimotion.backend import probe_backend
from vsainimotion.errors import MissingError, VsaiError
from vsainimotion.media.encode import try_encoder
from vsainimotion.media.encoders import ENCODERS
from vsainimotion.media.ffmpeg import find_ffmpeg, list_encoders, read_version
from vsainimotion.media.vspipe import child_environment, find_vspipe
from vsainimotion.models import list_cards, locate_network
from vsainimotion.models.runtimes import BACKENDS, has_bfloat16
from vsainimotion.native import PLUGIN_PACKAGES

NEEDED_PLUGINS = ("akarin", "bs", "mv", "vszip")
"""Plugins without which `enhance` cannot run; the others bring backends, of which one is needed."""

TENSORRT_NOTE = (
    "TensorRT's own builder call has not been run on our development machines, where its libraries cannot be had; "
    "everything up to that call is tested there."
)


class State(StrEnum):
    """What was found."""

    OK = "ok"
    ABSENT = "absent"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at."""

    section: str
    """The heading it belongs under."""
    name: str
    state: State
    detail: str
    """Version, place or what is wrong."""
    remedy: str = ""
    """What the user can do; empty where nothing is to be done."""
    needed: bool = False
    """Whether the main job, `enhance` with its defaults, cannot run without it."""


def examine() -> list[Finding]:
    """Looks at everything; takes some seconds, as backends and hardware encoders are run for real."""
    parts: tuple[Callable[[], Iterator[Finding]], ...] = (
        examine_machine,
        examine_packages,
        examine_plugins,
        examine_programs,
        examine_encoders,
        examine_backends,
        examine_networks,
    )
    return [finding for part in parts for finding in part()]


def examine_machine() -> Iterator[Finding]:
    """Python, processor and graphics."""
    python = f"{platform.python_implementation()} {platform.python_version()} at {sys.executable}"
    yield Finding(section="machine", name="python", state=State.OK, detail=f"{python}, {platform.platform()}")
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    half = "multiplies in bfloat16" if has_bfloat16() else "no bfloat16"
    yield Finding(section="machine", name="cpu", state=State.OK, detail=f"{_cpu_name()}, {cores} usable cores, {half}")
    gpus = list(_gpu_names())
    state = State.OK if gpus else State.ABSENT
    yield Finding(
        section="machine", name="gpu", state=state, detail=", ".join(gpus) or "none found; the CPU does it all"
    )


def _cpu_name() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found.group(1) if found else platform.processor() or platform.machine()


def _gpu_names() -> Iterator[str]:
    """Asks the NVIDIA driver, and VapourSynth for what Vulkan sees."""
    program = shutil.which("nvidia-smi")
    if program:
        query = [program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
        answer = subprocess.run(query, capture_output=True, text=True, check=False)
        yield from (f"{line.strip()} (NVIDIA)" for line in answer.stdout.splitlines() if answer.returncode == 0)
    try:
        yield from (f"{device['name']} (Vulkan)" for device in vs.core.vulkan_devices)
    except vs.Error:
        return


def examine_packages() -> Iterator[Finding]:
    """The Python packages that this one requires, and their versions."""
    for requirement in metadata.requires("vsainimotion") or []:
        if ";" in requirement:
            continue  # an extra's: those are looked at as backends
        name = re.split(r"[<>=!~ \[]", requirement, maxsplit=1)[0]
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            remedy = f"pip install '{requirement}'"
            yield Finding(
                section="packages", name=name, state=State.ABSENT, detail="not installed", remedy=remedy, needed=True
            )
        else:
            yield Finding(section="packages", name=name, state=State.OK, detail=version, needed=True)


def examine_plugins() -> Iterator[Finding]:
    """The VapourSynth plugins that our filters use."""
    loaded = {plugin.namespace: plugin for plugin in vs.core.plugins()}
    for namespace, package in PLUGIN_PACKAGES.items():
        needed = namespace in NEEDED_PLUGINS
        plugin = loaded.get(namespace)
        if plugin is None:
            yield Finding(
                section="plugins",
                name=namespace,
                state=State.ABSENT,
                detail="not loaded",
                remedy=f"pip install {package}",
                needed=needed,
            )
        else:
            version = f"{plugin.version.major}.{plugin.version.minor}"
            detail = f"{version}, {Path(plugin.plugin_path).name}"
            yield Finding(section="plugins", name=namespace, state=State.OK, detail=detail, needed=needed)


def examine_programs() -> Iterator[Finding]:
    """The programs that do the work, ffmpeg and vspipe, both run."""
    yield _examine_program("ffmpeg", _ffmpeg_version)
    yield _examine_program("vspipe", _vspipe_version)


def _examine_program(name: str, ask: Callable[[], str]) -> Finding:
    try:
        return Finding(section="programs", name=name, state=State.OK, detail=ask(), needed=True)
    except (VsaiError, OSError) as error:
        return Finding(section="programs", name=name, state=State.BROKEN, detail=str(error), needed=True)


def _ffmpeg_version() -> str:
    ffmpeg = find_ffmpeg()
    return f"{read_version(ffmpeg)} at {ffmpeg}"


def _vspipe_version() -> str:
    vspipe = find_vspipe()
    answer = subprocess.run(
        [str(vspipe), "--version"], capture_output=True, text=True, check=False, env=child_environment()
    )
    found = re.search(r"Core R\d+", answer.stdout)
    if answer.returncode or not found:
        said = (answer.stderr or answer.stdout).strip() or "nothing"
        raise MissingError(f"{vspipe} --version ended with {answer.returncode} and said: {said}")
    return f"{found.group()} at {vspipe}"


def examine_encoders() -> Iterator[Finding]:
    """Every encoder of our table: in this ffmpeg or not, and a hardware one tried on a few frames."""
    try:
        ffmpeg = find_ffmpeg()
        present = list_encoders(ffmpeg)
    except VsaiError:
        return  # said under programs
    for row in ENCODERS.values():
        problem = try_encoder(ffmpeg, row) if row.codec in present else "not in this ffmpeg"
        state = State.OK if problem is None else State.BROKEN if row.codec in present else State.ABSENT
        works = "works" if row.hardware else "in this ffmpeg"
        yield Finding(section="encoders", name=row.name, state=state, detail=problem or works)


def examine_backends() -> Iterator[Finding]:
    """Every backend, each that is installed with one tiny graph run on it; one of them is needed."""
    problems = {name: probe_backend(name) for name in BACKENDS}
    none_works = all(problems.values())
    for name, problem in problems.items():
        row = BACKENDS[name]
        state = State.OK if problem is None else State.ABSENT if problem == "not installed" else State.BROKEN
        detail = f"works: {row.runs_on}" if problem is None else f"{problem} ({row.runs_on})"
        remedy = row.pip_line if state is State.ABSENT else ""
        needed = name == "openvino" and none_works
        yield Finding(section="backends", name=name, state=state, detail=detail, remedy=remedy, needed=needed)


def examine_networks() -> Iterator[Finding]:
    """Every network of the catalogue, its file read and compared with its card."""
    try:
        cards = list_cards()
    except VsaiError as error:
        yield Finding(section="networks", name="catalogue", state=State.BROKEN, detail=str(error), needed=True)
        return
    for card in cards:
        try:
            path = locate_network(card)
        except VsaiError as error:
            yield Finding(section="networks", name=card.name, state=State.BROKEN, detail=str(error))
        else:
            detail = f"{card.task}, {card.kind}, sha256 as on its card, {path.stat().st_size / 1e6:.1f} MB"
            yield Finding(section="networks", name=card.name, state=State.OK, detail=detail)


def list_lacking(findings: list[Finding]) -> list[Finding]:
    """Returns what the main job needs and has not."""
    return [finding for finding in findings if finding.needed and finding.state is not State.OK]


def render_text(findings: list[Finding]) -> str:
    """Writes the findings as lines for people."""
    marks = {State.OK: "+", State.ABSENT: "-", State.BROKEN: "!"}
    width = max(len(finding.name) for finding in findings)
    lines = []
    for section, group in groupby(findings, key=lambda finding: finding.section):
        lines += ["", section]
        for finding in group:
            lines.append(f"  {marks[finding.state]} {finding.name:{width}}  {finding.detail}")
            if finding.remedy:
                lines.append(f"    {'':{width}}  get it with: {finding.remedy}")
    lines += ["", "+ works   - not here   ! here, but does not work", TENSORRT_NOTE]
    return "\n".join(lines).lstrip("\n")


def render_json(findings: list[Finding], lacking: list[Finding]) -> str:
    """Writes the findings as JSON, for bug reports and programs."""
    report = {
        "can_run": not lacking,
        "lacking": [finding.name for finding in lacking],
        "tensorrt": TENSORRT_NOTE,
        "findings": [asdict(finding) for finding in findings],
    }
    return json.dumps(report, indent=2, ensure_ascii=False)


def report(findings: list[Finding], *, as_json: bool) -> None:
    """Prints the findings and the verdict.

    Raises:
        MissingError: Something that the main job needs does not work.
    """
    lacking = list_lacking(findings)
    click.echo(render_json(findings, lacking) if as_json else render_text(findings))
    if lacking:
        names = ", ".join(finding.name for finding in lacking)
        raise MissingError(f"doctor: enhance cannot run here until this works: {names}")
    if not as_json:
        click.echo("enhance can run here.")


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(*, as_json: bool) -> None:
    """Show what is installed and works here, what does not, and how to get it.

    Ends with 0 when `enhance` can run, and with 3 when something that it needs is missing.
    """
    report(examine(), as_json=as_json)
