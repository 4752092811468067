"""What was decided for one output frame, read from the properties that `interpolate` leaves on it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from vsainimotion.gate import INTERVAL_PROPERTY, RUN_PROPERTY, Interval
from vsainimotion.interpolate import CONFIDENCE_PROPERTY, LADDER_PROPERTY, Ladder
from vsainimotion.media.colour import Property
from vsainimotion.report.scope import Models, Scope
from vsainimotion.timeline import NEXT_PROPERTY, ORIGIN_PROPERTY, SOURCE_PROPERTY, TIMESTEP_PROPERTY, Origin

REUSED_PROPERTY = "VsaiReused"
"""Share of the picture that `upscale` ran no network for, 0 to 1."""

PEAK_PROPERTY = "VsaiPeak"

RUN_REACH = 64
"""How far the gate counts a run; a longer hold is redrawn once in so many frames."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What was decided for one output frame."""

    number: int
    """Output frame, from 0."""
    time: Fraction
    """Seconds from the start of the output."""
    origin: Origin
    before: int
    """The film's frame at or before it, from 0."""
    after: int
    """The film's frame after it; the last one follows itself."""
    timestep: Fraction
    """How far it lies towards the frame after, 0 to 1."""
    interval: Interval | None
    """What lies between both neighbours; None where no gate looked."""
    confidence: float | None
    """0 to 1; 1 where nothing was generated; None where no network was asked to know it."""
    ladder: Ladder
    redrawn: float
    """Share of the picture that an upscaler redraws for this frame, 0 to 1: none where the drawing is not new."""
    peak: float
    """The largest block difference between both neighbours, 0 to 1."""

    @property
    def is_made(self) -> bool:
        """Whether motion was looked for: on the way to a generated frame, also one that the ladder gave up."""
        moved = self.interval is Interval.MOTION and self.timestep > 0
        return moved and (self.origin is Origin.INTERPOLATED or self.ladder is not Ladder.NETWORK)

    def networks(self, models: Models) -> list[str]:
        """Returns the names of the networks that were asked for this frame."""
        asked = {models.network: self.is_made, models.enlarger: self.redrawn > 0}
        return [name for name, ran in asked.items() if name and ran]

    def as_line(self, models: Models) -> str:
        """Returns the decision as one line of JSON: the time exactly, as a fraction in a string, and in seconds."""
        confidence = None if self.confidence is None else round(self.confidence, 4)
        return json.dumps(
            {
                "frame": self.number,
                "time": str(self.time),
                "seconds": round(float(self.time), 6),
                "origin": self.origin.name.lower(),
                "before": self.before,
                "after": self.after,
                "timestep": str(self.timestep),
                "interval": None if self.interval is None else self.interval.name.lower(),
                "confidence": confidence,
                "ladder": int(self.ladder),
                "redrawn": round(self.redrawn, 4) if models.enlarger else 0,
                "networks": self.networks(models),
            }
        )


class DecisionReader:
    """Makes decisions of the properties of output frames, in their order.

    The gate's word about an interval stands on the last output frame between its neighbours (`timeline.describe`), so
    decisions come out a few frames late: those of one source frame together.

    Args:
        scope: What is rendered.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._step = scope.source_fps / scope.fps
        self._number = 0
        self._group: list[Decision] = []
        self._held_run = 0
        self._is_held = False

    def read(self, properties: Mapping[str, Property]) -> list[Decision]:
        """Takes the next frame; returns the decisions that are complete with it."""
        decision = self._decide(properties)
        self._number += 1
        complete = self.finish() if self._group and decision.before != self._group[0].before else []
        if self._group:
            decision = replace(decision, redrawn=0.0)
        self._group.append(decision)
        self._held_run = int(_number(properties, RUN_PROPERTY))
        self._is_held = decision.interval is Interval.HOLD
        return complete

    def finish(self) -> list[Decision]:
        """Returns the decisions that wait for a frame that does not come."""
        group, self._group = self._group, []
        return [replace(decision, interval=group[-1].interval) for decision in group]

    def _decide(self, properties: Mapping[str, Property]) -> Decision:
        scope = self._scope
        before, timestep = self._place(properties)
        after = int(_number(properties, NEXT_PROPERTY, before + 1))
        interval = Interval(int(_number(properties, INTERVAL_PROPERTY))) if INTERVAL_PROPERTY in properties else None
        return Decision(
            number=self._number,
            time=self._number / scope.fps,
            origin=Origin(int(_number(properties, ORIGIN_PROPERTY))),
            before=scope.first + before,
            after=min(scope.first + after, scope.last),
            timestep=timestep,
            interval=interval,
            confidence=_number(properties, CONFIDENCE_PROPERTY, 1) if scope.is_asked else None,
            ladder=Ladder(int(_number(properties, LADDER_PROPERTY))),
            redrawn=self._redrawn(properties, before),
            peak=_number(properties, PEAK_PROPERTY),
        )

    def _place(self, properties: Mapping[str, Property]) -> tuple[int, Fraction]:
        """Returns the source frame before, within the part, and the timestep: as told, else by the schedule."""
        before, timestep = divmod(self._number * self._step, 1)
        if SOURCE_PROPERTY in properties:
            before = int(_number(properties, SOURCE_PROPERTY))
        if TIMESTEP_PROPERTY in properties:
            told = _number(properties, TIMESTEP_PROPERTY)
            timestep = timestep if told == float(timestep) else Fraction(told).limit_denominator(1_000_000)
        return int(before), timestep

    def _redrawn(self, properties: Mapping[str, Property], before: int) -> float:
        """Returns what the upscaler says it redrew, else all of it where a drawing begins.

        A run that reaches as far as is counted starts anew without a new drawing.
        """
        if REUSED_PROPERTY in properties:
            return 1 - _number(properties, REUSED_PROPERTY)
        run = int(_number(properties, RUN_PROPERTY))
        is_full = self._is_held and self._held_run == RUN_REACH - 1
        return float(run == 0 and not (is_full and before % RUN_REACH))


def _number(properties: Mapping[str, Property], name: str, absent: float = 0) -> float:
    value = properties.get(name, absent)
    return value if isinstance(value, int | float) else float(str(value))
