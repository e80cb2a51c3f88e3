"""How answers are printed and written: one way for the whole tool and for a device.

The standard library alone is needed.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from dfrnet_keras.errors import InputError

if TYPE_CHECKING:
    from dfrnet_keras.prediction.clip_predictor import Prediction

_NOTES = {
    "no_face": "no face was found: the probabilities are about whatever is in the frames",
    "eyes_not_found": "the eyes were not found but placed by the box of the face",
    "several_faces": "several faces were found and the surest was taken: choose by --face",
    "too_dark": "the face is too dark: noise hides what moves",
    "too_blurred": "the face is blurred or has too few pixels to show what moves",
    "head_moves": "the head moves as well, which may hide an expression or look like one",
    "nothing_moved": "nothing moved: onset and apex frame do not differ, so there is no expression",
    "large_motion": "the frames differ by far more than a micro-expression: is there a cut or a "
    "movement of the head inside the clip?",
    "no_expression": "what moves is not taken for a micro-expression but for a blink, speech, "
    "gaze, a turn of the head, light or noise",
    "face_left": "the face of the onset frame is not in the same place on the apex frame",
    "too_long": "longer than the half second of a micro-expression: cut the clip to it with "
    "--onset and --offset",
}


_ONE_SIDED = 0.5  # of the stronger side: below, a unit moved on one side


class Answers:
    """The answers to some clips, and the reasons of those that have none.

    Args:
        model: Name of the network's file.
        classes: Names of the classes.
        unit_names: Name of each action unit that the network knows to what it is.
        failed: What could not be found.

    Attributes:
        rows: `(name, answer)` of each clip.
        failed: `(name, reason)` of each clip that could not be used.
    """

    def __init__(
        self,
        model: str,
        classes: Sequence[str],
        failed: Sequence[tuple[str, str]] = (),
        unit_names: Mapping[str, str] | None = None,
    ) -> None:
        self.model = model
        self.classes = tuple(classes)
        self.unit_names = dict(unit_names or {})
        self.rows: list[tuple[str, Prediction]] = []
        self.failed = list(failed)

    @property
    def unanswered(self) -> int:
        """How many clips have no label."""
        return sum(answer.label is None for _, answer in self.rows)

    def add(self, name: str, answer: Callable[[], Prediction]) -> None:
        """Note the answer to a clip, or why there is none."""
        try:
            self.rows.append((name, answer()))
        except (InputError, OSError) as error:
            reason = str(error)
            self.failed.append((name, reason if name in reason else f"{name}: {reason}"))

    def as_json(self) -> str:
        """Everything as JSON."""
        return json.dumps({
            "model": self.model,
            "classes": list(self.classes),
            "predictions": [_described(name, answer) for name, answer in self.rows],
            "failed": [{"clip": name, "reason": reason} for name, reason in self.failed],
        }, indent=1)  # fmt: skip

    def as_lines(self) -> Iterator[str]:
        """Some lines a clip, for a reader."""
        for name, answer in self.rows:
            shares = answer.probabilities.items()
            spent = _milliseconds(answer)
            steps = ", ".join(f"{step} {spent[step]:.0f}" for step in answer.timings)
            spotted = " (spotted)" if "apex_spotted" in answer.flags else ""
            yield f"{name}: {described_label(answer)}"
            yield f"  probabilities  {', '.join(f'{label} {share:.3f}' for label, share in shares)}"
            if answer.movement is not None:
                yield f"  movement       {answer.movement:.3f}"
                units = (self._unit(answer, unit) for unit in answer.strongest_units())
                yield f"  action units   {', '.join(units) or 'none'}"
            yield f"  apex frame     {answer.apex}{spotted}"
            yield f"  milliseconds   {spent['total']:.0f}: {steps}"
            yield from (f"  {_NOTES[flag]}" for flag in answer.flags if flag in _NOTES)

    def write_csv(self, file: IO[str]) -> None:
        """A table with a row a clip."""
        writer = csv.writer(file)
        shares = [f"p_{name}" for name in self.classes]
        signs = ["movement", *self.unit_names] if self.unit_names else []
        writer.writerow(["clip", "label", *shares, "apex", "flags", "milliseconds", *signs])
        for name, answer in self.rows:
            writer.writerow([
                name,
                answer.label,
                *(f"{share:.6f}" for share in answer.probabilities.values()),
                answer.apex,
                " ".join(answer.flags),
                _milliseconds(answer)["total"],
                *([f"{answer.movement:.6f}"] if signs else []),
                *(f"{max(sides):.6f}" for sides in (answer.units or {}).values()),
            ])  # fmt: skip

    def _unit(self, answer: Prediction, unit: str) -> str:
        assert answer.units is not None
        left, right = answer.units[unit]
        side = ""
        if min(left, right) < _ONE_SIDED * max(left, right):
            side = f" on the {'left' if left > right else 'right'} of the picture"
        return f"{unit} ({self.unit_names[unit]}) {max(left, right):.2f}{side}"


def described_label(answer: Prediction) -> str:
    """The class, or what stands in its place."""
    if answer.label is not None:
        return answer.label
    still = {"no_expression", "nothing_moved"} & set(answer.flags)
    return "no micro-expression" if still else "no answer"


def _described(name: str, answer: Prediction) -> dict[str, Any]:
    return {
        "clip": name,
        "label": answer.label,
        "probabilities": answer.probabilities,
        "apex": answer.apex,
        "flags": list(answer.flags),
        "milliseconds": _milliseconds(answer),
        **({} if answer.movement is None else {"movement": answer.movement}),
        **({} if answer.units is None else {"units": answer.units}),
    }


def _milliseconds(answer: Prediction) -> dict[str, float]:
    spent = {step: round(1000 * seconds, 2) for step, seconds in answer.timings.items()}
    return {**spent, "total": round(sum(spent.values()), 2)}
