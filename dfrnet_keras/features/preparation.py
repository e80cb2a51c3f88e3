"""How the frames of a clip become maps: one description for training and prediction alike."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from numbers import Integral
from typing import Any

from dfrnet_keras.errors import InputError, check_choice
from dfrnet_keras.features.apex import BEST_SPOTTER, SPOTTERS
from dfrnet_keras.features.face import CROPS, FINDERS
from dfrnet_keras.features.flow import FLOW_METHODS
from dfrnet_keras.features.landmarks import INSTALL, landmarks_available

_CHOICES = {
    "flow_method": FLOW_METHODS,
    "crop": CROPS,
    "apex": ("annotated", *SPOTTERS),
    "spotter": SPOTTERS,
    "flow_range": ("pixels", "bytes"),
    "face_finder": FINDERS,
}
_SWITCHES = ("strain_cross_term", "remove_global_motion")


@dataclass(frozen=True)
class Preparation:
    """How maps are made; stores, `.keras` and `.tflite` files carry it.

    Args:
        size: Width and height of the maps in pixels.
        flow_method: See `optical_flow`.
        strain_cross_term: Whether strain has its cross term, see `optical_strain`.
        remove_global_motion: Whether the movement of the head is taken out of the flow.
        crop: `"face"`, `"none"` or `"auto"`, see `extract_clip`.
        apex: `"annotated"`, or the method by which every apex is spotted, annotated or not.
        spotter: The method for clips without annotation; where `apex` names one, it is that one.
        flow_range: `"pixels"`: u and v are pixels, so a mirrored map has -u; `"bytes"`: each
            channel was scaled to 0..255 by its own range, so a mirrored map has 255 - u.
        face_finder: How the faces were found, see `find_face`. The default does not depend on what
            is installed: a dataset has the same maps everywhere.

    Raises:
        InputError: A value is unknown.

    Example:
        >>> how = Preparation(size=28, flow_method="dis")
        >>> made = extract_clip(frames, **how.options)
    """

    size: int = 224
    flow_method: str = "tvl1"
    strain_cross_term: bool = False
    remove_global_motion: bool = False
    crop: str = "auto"
    apex: str = "annotated"
    spotter: str = BEST_SPOTTER
    flow_range: str = "pixels"
    face_finder: str = "cascades"

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            check_choice(name, getattr(self, name), choices)
        for name in _SWITCHES:
            if not isinstance(getattr(self, name), bool):
                raise InputError(f"{name} is {getattr(self, name)!r}: give True or False")
        if not isinstance(self.size, Integral) or isinstance(self.size, bool) or self.size < 2:
            raise InputError(f"size is {self.size!r}: give the width of the maps, 2 or more")
        object.__setattr__(self, "size", int(self.size))
        if self.apex != "annotated":
            object.__setattr__(self, "spotter", self.apex)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Preparation:
        """Read what a file says; what it leaves out has the value that it had when it was written.

        Args:
            settings: Of a store's `index.json`, of a `.keras` or of a `.tflite` file. An entry
                that this version does not know is passed over with a `UserWarning`: the maps may
                depend on it.

        Raises:
            InputError: A value is unknown.
        """
        names = {field.name for field in fields(cls)}
        unknown = sorted(settings.keys() - names - {"version"})
        if unknown:
            warnings.warn(
                f"maps were made with {', '.join(unknown)}, which this version does not know, and "
                "may differ from those made here: update dfrnet_keras",
                stacklevel=2,
            )
        return cls(**{name: value for name, value in settings.items() if name in names})

    def as_dict(self) -> dict[str, Any]:
        """What `from_settings` reads back; JSON can hold it.

        Of ready-made maps, whose making is not known, the defaults are left out. So are cascades
        always: there was nothing else when the first files were written.
        """
        whole = asdict(self)
        if self.face_finder == "cascades":
            del whole["face_finder"]
        if self.flow_range == "pixels":
            return whole
        usual = asdict(Preparation())
        return {name: value for name, value in whole.items()
                if name == "size" or value != usual[name]}  # fmt: skip

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of `extract_clip`, and of `FeatureStore.build`."""
        left_out = {"apex", "flow_range"}
        if self.face_finder == "cascades":
            left_out.add("face_finder")
        return {name: value for name, value in asdict(self).items() if name not in left_out}

    def for_prediction(
        self,
        *,
        crop: str | None = None,
        spotter: str | None = None,
        face_finder: str | None = None,
        finder_is_free: bool = False,
    ) -> Preparation:
        """How clips that are no part of the dataset are prepared.

        Args:
            crop: By default faces are cut out if those of the training were; otherwise unless they
                fill the frame.
            spotter: By default as in training.
            face_finder: By default as in training, with a `UserWarning` where the training had
                landmarks and they are not installed here.
            finder_is_free: No finder cut the faces of the training (ready-made, drawn or cropped
                ones): then landmarks are the default where they are installed.
        """
        crop = crop or ("face" if self.crop == "face" else "auto")
        if face_finder is None:
            face_finder = self.face_finder
            if finder_is_free or self.crop == "none":
                face_finder = "landmarks" if landmarks_available() else "cascades"
            elif face_finder == "landmarks" and not landmarks_available():
                warnings.warn(
                    "the network learnt from faces that landmarks placed, which are not installed: "
                    f"cascades place them a little differently. Install them: {INSTALL}",
                    stacklevel=3,
                )
                face_finder = "cascades"
        return replace(
            self,
            crop=crop,
            apex="annotated",
            spotter=spotter or self.spotter,
            face_finder=face_finder,
        )
