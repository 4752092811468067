"""The card of a network: a flat TOML file beside its ONNX that says what the network is and how to feed it."""

import dataclasses
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Self

from vsainimotion.errors import ArgumentError, InputError

type Task = Literal["interpolate", "upscale"]
type Kind = Literal["flow", "fusion", "frame", "luma", "rgb"]


@dataclass(frozen=True, kw_only=True, slots=True)
class KindRow:
    """What every network of one kind has in common."""

    task: Task
    """The filter that uses it."""
    planes: int
    """Input planes. Interpolation: RGB of a, RGB of b, timestep. Upscaling: luma, or RGB. A fusion network: luma of a
    and b, of both drawn to the middle along either flow, the flows (x, y), mask, confidence and timestep."""
    outputs: int
    """Output planes. A flow network: flow a (x, y), flow b (x, y), mask, confidence. A fusion network: the weights of
    a, b and of both along either flow, which add up to 1, and confidence."""


KINDS: Mapping[str, KindRow] = MappingProxyType(
    {
        "flow": KindRow(task="interpolate", planes=7, outputs=6),
        "fusion": KindRow(task="interpolate", planes=13, outputs=7),
        "frame": KindRow(task="interpolate", planes=7, outputs=3),
        "luma": KindRow(task="upscale", planes=1, outputs=1),
        "rgb": KindRow(task="upscale", planes=3, outputs=3),
    }
)
"""The kinds of network that the filters know how to feed."""

BASES = ("bilinear", "bicubic", "lanczos", "spline36")
"""Kernels that the output of a residual upscaler can be added to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One network: what it does, how to feed it, and where it comes from.

    Luma networks see luma and RGB networks see RGB, both in [0, 1] with the nominal black at 0 and the nominal white at
    1, so limited range is widened before the network and narrowed after it; what lies below black or above white is
    passed on as it is.

    Raises:
        ArgumentError: A field is outside its range, or does not suit the kind.
    """

    name: str
    """Lower-case letters, digits, dots, dashes and underscores; also the name of the card's file."""
    task: str
    """`interpolate` or `upscale`."""
    kind: str
    """`flow`, `fusion`, `frame`, `luma` or `rgb`."""
    file: str
    """File name of the ONNX beside the card."""
    sha256: str
    """64 hexadecimal digits: the digest of the ONNX file."""
    scale: int = 1
    """Output size over input size, 1 to 8; 1 for interpolation."""
    planes: int
    """Input planes: 7 for interpolation, 13 for fusion, 1 for luma, 3 for RGB."""
    size_multiple: int = 1
    """Width and height of what the network is fed must be multiples of this, in pixels, 1 to 256."""
    size_minimum: tuple[int, int] = (1, 1)
    """Smallest width and height that the network takes, in pixels, 1 to 1024 each."""
    overlap: int
    """How far an output pixel sees, in input pixels, 0 to 512: tiles overlap by this."""
    analysis_height: int = 0
    """Flow and fusion networks: height of the small copy for a 1080p source, in pixels; 0 leaves it to the filter."""
    grid: int = 1
    """Flow networks: one answer stands for this many pixels of the small copy each way, 1 to `size_multiple`; it is
    repeated for each of them, because what runs networks wants planes of the input's size."""
    motion: str | None = None
    """Fusion networks: the flow network whose motion is one of the two that are weighed; the other is block motion."""
    timesteps: str = "none"
    """Interpolation: `any` timestep in (0, 1), or only the `half`; `none` for upscalers."""
    base: str | None = None
    """Upscalers that return a difference: the kernel whose enlargement it is added to, one of `BASES`."""
    licence: str
    """SPDX identifier, such as `MIT`."""
    origin: str
    """Where the network comes from: a paper, a repository, a training program."""
    opset: int
    """ONNX opset of the file."""
    precision: str
    """Type of input and output: `fp32` or `fp16`."""
    parameters: int
    """Number of weights."""
    description: str
    """One sentence for people who choose."""
    url: str | None = None
    """Where `fetch` gets the file when it is not shipped."""
    folder: Path = dataclasses.field(default=Path(), compare=False)
    """Where the card lies; not written into the file."""

    def __post_init__(self) -> None:
        """Checks every field."""
        for field in dataclasses.fields(self):
            _check_type(self.name, field.name, getattr(self, field.name))
        for rule in _RULES:
            rule.check(self)

    @property
    def path(self) -> Path:
        """Where the ONNX file is expected."""
        return self.folder / self.file

    @property
    def outputs(self) -> int:
        """Number of output planes."""
        return KINDS[self.kind].outputs

    @property
    def is_bfloat16_safe(self) -> bool:
        """Answers whether 8 bits of mantissa are enough for the network's output.

        A whole picture in bfloat16 has steps of 1/256 between 0.5 and 1, which is seen (0.5 to 1.5 codes of 255 were
        measured); a motion field or a difference that is added in float keeps its precision where it matters.
        """
        return self.kind in ("flow", "fusion") or self.base is not None

    def dump(self) -> str:
        """Returns the card as the text of its TOML file."""
        fields = ((f.name, getattr(self, f.name)) for f in dataclasses.fields(self) if f.name != "folder")
        return "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields if value is not None)

    def in_folder(self, folder: Path) -> Self:
        """Returns the same card, lying in another folder."""
        return dataclasses.replace(self, folder=folder)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rule:
    field: str
    wanted: str
    holds: Callable[[Card], bool]

    def check(self, card: Card) -> None:
        if not self.holds(card):
            value = getattr(card, self.field)
            raise ArgumentError(f"card '{card.name}': '{self.field}' must be {self.wanted} (got {value!r})")


def _row(card: Card) -> KindRow:
    return KINDS[card.kind]


# In order: later rules may rely on earlier ones.
_RULES = (
    _Rule(
        field="name",
        wanted="lower-case letters, digits, dots, dashes and underscores, starting with a letter or digit",
        holds=lambda card: re.fullmatch(r"[a-z0-9][a-z0-9._-]*", card.name) is not None,
    ),
    _Rule(field="kind", wanted=f"one of {', '.join(KINDS)}", holds=lambda card: card.kind in KINDS),
    _Rule(field="task", wanted="the task of its kind", holds=lambda card: card.task == _row(card).task),
    _Rule(field="planes", wanted="the planes of its kind", holds=lambda card: card.planes == _row(card).planes),
    _Rule(
        field="file",
        wanted="the bare name of an .onnx file",
        holds=lambda card: Path(card.file).name == card.file and card.file.endswith(".onnx"),
    ),
    _Rule(
        field="sha256",
        wanted="64 lower-case hexadecimal digits",
        holds=lambda card: re.fullmatch(r"[0-9a-f]{64}", card.sha256) is not None,
    ),
    _Rule(
        field="scale",
        wanted="1 to 8 for an upscaler, and 1 for interpolation",
        holds=lambda card: 1 <= card.scale <= (8 if card.task == "upscale" else 1),
    ),
    _Rule(field="size_multiple", wanted="1 to 256", holds=lambda card: 1 <= card.size_multiple <= 256),
    _Rule(
        field="size_minimum",
        wanted="1 to 1024 for width and for height",
        holds=lambda card: all(1 <= side <= 1024 for side in card.size_minimum),
    ),
    _Rule(field="overlap", wanted="0 to 512", holds=lambda card: 0 <= card.overlap <= 512),
    _Rule(
        field="analysis_height",
        wanted="0, or at least 16 for a flow or fusion network",
        holds=lambda card: (
            card.analysis_height == 0 or (card.kind in ("flow", "fusion") and card.analysis_height >= 16)
        ),
    ),
    _Rule(
        field="grid",
        wanted="a divisor of size_multiple, and 1 for all but flow networks",
        holds=lambda card: (
            card.grid >= 1 and card.size_multiple % card.grid == 0 and (card.grid == 1 or card.kind == "flow")
        ),
    ),
    _Rule(
        field="motion",
        wanted="the name of a flow network for a fusion network, and left out for others",
        holds=lambda card: (card.motion is not None) == (card.kind == "fusion"),
    ),
    _Rule(
        field="timesteps",
        wanted="any or half for interpolation, and none for an upscaler",
        holds=lambda card: card.timesteps in (("any", "half") if card.task == "interpolate" else ("none",)),
    ),
    _Rule(
        field="base",
        wanted=f"one of {', '.join(BASES)}, and only for an upscaler",
        holds=lambda card: card.base is None or (card.base in BASES and card.task == "upscale"),
    ),
    _Rule(field="precision", wanted="fp32 or fp16", holds=lambda card: card.precision in ("fp32", "fp16")),
    _Rule(field="opset", wanted="at least 1", holds=lambda card: card.opset >= 1),
    _Rule(field="parameters", wanted="at least 0", holds=lambda card: card.parameters >= 0),
    _Rule(
        field="url",
        wanted="an https, http or file address",
        holds=lambda card: card.url is None or card.url.startswith(("https://", "http://", "file://")),
    ),
)

_INTEGERS = {"scale", "planes", "size_multiple", "overlap", "analysis_height", "grid", "opset", "parameters"}
_OPTIONAL = {"base", "motion", "url"}


def _check_type(card: str, name: str, value: object) -> None:
    if name == "folder" or (value is None and name in _OPTIONAL):
        return
    if name == "size_minimum":
        wanted, good = (
            "a pair of whole numbers",
            isinstance(value, tuple) and [type(side) for side in value] == [int, int],
        )
    elif name in _INTEGERS:
        wanted, good = "a whole number", type(value) is int
    else:
        wanted, good = "one printable line", isinstance(value, str) and value.isprintable()
    if not good:
        raise ArgumentError(f"card '{card}': '{name}' must be {wanted} (got {value!r})")


def load_card(path: Path) -> Card:
    """Reads a card.

    Args:
        path: The TOML file.

    Returns:
        The card, with its folder.

    Raises:
        InputError: The file cannot be read, is not TOML, lacks a field, has one that does not exist or a value outside
            its range, or its name is not the name in it.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"load_card: '{path}' is not a readable TOML file ({error})") from error
    _check_fields(path, table)
    try:
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in table.items()
        }
        card = Card(**values, folder=path.parent)
    except ArgumentError as error:
        raise InputError(f"load_card: '{path}' is not a valid card ({error})") from error
    if card.name != path.stem:
        raise InputError(f"load_card: '{path}' must be called '{card.name}.toml', after the name in it")
    return card


def _check_fields(path: Path, table: Mapping[str, object]) -> None:
    fields = [field for field in dataclasses.fields(Card) if field.name != "folder"]
    required = [field.name for field in fields if field.default is dataclasses.MISSING]
    if missing := [name for name in required if name not in table]:
        raise InputError(f"load_card: '{path}' lacks the field {', '.join(missing)}")
    if unknown := sorted(set(table) - {field.name for field in fields}):
        known = ", ".join(field.name for field in fields)
        raise InputError(f"load_card: '{path}' has the field {', '.join(unknown)}, which no card has. Fields: {known}")
