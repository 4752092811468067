"""What `import vsainimotion` costs: no heavy library, no VapourSynth core, no network, no file but Python's own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """
import json, sys
opened, connected = [], []
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        opened.append(arguments[0])
    elif event.startswith(("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.fork")):
        connected.append(event)
sys.addaudithook(hook)
import vsainimotion
for name in getattr(vsainimotion, "__all__", ()):
    getattr(vsainimotion, name)
with open("/proc/self/maps", encoding="utf-8") as maps:
    mapped = sorted({line.split(maxsplit=5)[5].strip() for line in maps if line.count("/") > 1})
print(json.dumps({"modules": sorted(sys.modules), "opened": opened, "connected": connected, "mapped": mapped}))
"""

Report = dict[str, list[str]]


@pytest.fixture(scope="module")
def report() -> Report:
    result = subprocess.run([sys.executable, "-I", "-B", "-c", PROBE], check=True, capture_output=True, text=True)
    loaded = json.loads(result.stdout)
    assert isinstance(loaded, dict)
    return loaded


def test_importing_the_package_loads_no_heavy_library(report: Report) -> None:
    heavy = {"torch", "tensorrt", "onnx", "onnxruntime", "openvino", "av", "cv2", "vsscale", "imageio_ffmpeg", "click"}
    assert not heavy & {name.split(".")[0] for name in report["modules"]}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/maps")
def test_importing_the_package_makes_no_core(report: Report) -> None:
    # A core loads every plugin when it is made, so a plugin in memory would show it.
    assert not [name for name in report["mapped"] if "/vapoursynth/plugins/" in name]


def test_importing_the_package_opens_only_what_python_itself_imports(report: Report) -> None:
    ours = (".py", ".pyc", ".so", ".pyd", ".pth", "/proc/self/maps")
    assert not [name for name in report["opened"] if not name.endswith(ours) and not Path(name).is_dir()]


def test_importing_the_package_starts_nothing_and_connects_to_nothing(report: Report) -> None:
    assert report["connected"] == []
