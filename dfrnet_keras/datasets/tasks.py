"""Which classes a clip may have: `three` (MEGC 2019), `five`, `seven`, or the dataset's own."""

from __future__ import annotations

from collections.abc import Mapping

from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
from dfrnet_keras.errors import InputError, check_choice

TASKS = ("megc2019", "three", "five", "seven", "original")

# Five: the emotions that papers on CASME II and SAMM keep, 246 and 136 clips of the complete
# datasets; sadness and fear of CASME II, and disgust, fear and sadness of SAMM, have too few.
# Seven: what a dataset has seven of. SAMM goes without "other".
_KEPT: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "five": {
        "casme2": ("disgust", "happiness", "others", "repression", "surprise"),
        "samm": ("anger", "contempt", "happiness", "other", "surprise"),
    },
    "seven": {
        "casme2": ("disgust", "fear", "happiness", "others", "repression", "sadness", "surprise"),
        "samm": ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise"),
        "casme3": ("anger", "disgust", "fear", "happiness", "others", "sadness", "surprise"),
        "mmew": ("anger", "disgust", "fear", "happiness", "others", "sadness", "surprise"),
    },
}


def plain_task(classes: str) -> str:
    """`"megc2019"` for `"three"`, which is another name of it; others as they are.

    Raises:
        InputError: There are no such classes.
    """
    check_choice("classes", classes, TASKS)
    return "megc2019" if classes == "three" else classes


def task_classes(name: str, classes: str, own: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the classes of a dataset in a task, in the order of their numbers.

    Args:
        name: Name of the dataset.
        classes: One of `TASKS`.
        own: The classes of its annotation; none where it has none beside the three.

    Raises:
        InputError: The classes are unknown, or the dataset has no such classes.
    """
    classes = plain_task(classes)
    if classes == "megc2019":
        return MEGC2019_CLASSES
    if classes == "original":
        if not own:
            raise InputError(f"{name} has no classes of its own beside the three: use megc2019")
        return own
    if name not in _KEPT[classes]:
        raise InputError(
            f"{name} has no {classes} classes that papers agree on ({', '.join(_KEPT[classes])} "
            "have): use megc2019, or original for the dataset's own"
        )
    return _KEPT[classes][name]
