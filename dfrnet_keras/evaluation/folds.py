"""Which clips a fold trains on, is stopped by and is tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dfrnet_keras.errors import InputError, check_choice

if TYPE_CHECKING:
    from dfrnet_keras.store import FeatureStore

VALIDATIONS = ("subjects", "none", "test-subject")
PROTOCOLS = ("composite", "single-database", "hold-out-database")

# How a protocol is named in runs and their outputs, before the names of the datasets.
_COMPOSITE = "composite leave-one-subject-out over "
_SINGLE = "single-database leave-one-subject-out on "
_EACH = "single-database leave-one-subject-out in each of "
_DATABASE = "hold-out-database, each tested by what the others taught, over "
# In place of a subject's name where a fold tests all of a dataset.
ALL_SUBJECTS = "all subjects"


@dataclass(frozen=True, eq=False)
class Fold:
    """Indexes into a store of the clips that a fold trains on, is stopped by and is tested on.

    Attributes:
        number: Place of the held-out subject among all subjects, or of the held-out dataset.
        dataset, subject: The held-out person; `subject` is `ALL_SUBJECTS` where the whole dataset
            is held out.
        train, validation, test: int64 arrays of clip indexes. `validation` is empty where nothing
            stops the training early.
        keep_best: What decides which epoch is kept: `"loss"` (lowest validation loss),
            `"accuracy"` (most validation clips right) or `None` (the last epoch).
    """

    number: int
    dataset: str
    subject: str
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    keep_best: str | None


def loso_folds(
    store: FeatureStore,
    *,
    validation: str = "subjects",
    share: float = 0.15,
    seed: int = 0,
    protocol: str = "composite",
) -> list[Fold]:
    """The folds of a protocol: one a subject, or one a dataset.

    Args:
        store: Whose rows name dataset, subject and label of each clip.
        validation: `"subjects"` holds out a few training subjects, drawn so that datasets and
            classes keep their shares; `"none"`; `"test-subject"` chooses and tests by the same
            clips, as many published codes do: its figures are optimistic.
        share: About which share of the training clips is held out for validation.
        seed: Of the drawing.
        protocol: `"composite"` holds out one subject and trains on all the others;
            `"single-database"` holds out one subject and trains on the others of the same dataset;
            `"hold-out-database"` holds out a dataset and trains on the others.

    Raises:
        InputError: With fewer than two subjects, classes or, to hold one out, datasets; or too few
            subjects to hold some out for validation.
    """
    check_choice("validation", validation, VALIDATIONS)
    check_choice("protocol", protocol, PROTOCOLS)
    _refuse_too_little(store, protocol)
    datasets = np.array([row.dataset for row in store.rows])
    if protocol == "hold-out-database":
        held = [(dataset, ALL_SUBJECTS) for dataset in sorted(set(datasets))]
        owner = np.array([held.index((dataset, ALL_SUBJECTS)) for dataset in datasets])
    else:
        persons = [row.person for row in store.rows]
        held = sorted(set(persons))
        owner = np.array([held.index(person) for person in persons])
    folds = []
    for number, (dataset, subject) in enumerate(held):
        test, rest = owner == number, owner != number
        if protocol == "single-database":
            rest &= datasets == dataset
        clips = np.flatnonzero(test), np.flatnonzero(rest)
        held_out = number, dataset, subject
        random = np.random.default_rng([seed, number])
        folds.append(_fold(store, held_out, *clips, validation, share, random))
    return folds


def unlearned_classes(store: FeatureStore, protocol: str) -> list[tuple[str, str]]:
    """Folds that hold out clips of a class of which no other clip is left to train on.

    Returns:
        The held-out unit (`casme2/sub01`) and the name of the class.
    """
    return [
        (f"{fold.dataset}/{fold.subject}", store.classes[label])
        for fold in loso_folds(store, validation="none", protocol=protocol)
        for label in sorted({*store.labels[fold.test]} - {*store.labels[fold.train]})
    ]


def _refuse_too_little(store: FeatureStore, protocol: str) -> None:
    """Refuse a store whose training sets could not be learned from."""
    groups: dict[str, list[int]] = {}
    for index, row in enumerate(store.rows):
        groups.setdefault(row.dataset if protocol == "single-database" else "", []).append(index)
    for dataset, clips in groups.items():
        where = f"{store.path}, {dataset}," if len(groups) > 1 else f"{store.path}"
        unique = sorted({store.rows[clip].person for clip in clips})
        if protocol == "hold-out-database" and len({dataset for dataset, _ in unique}) < 2:
            raise InputError(
                f"{where} holds one dataset only ({unique[0][0]}): to hold one out takes at least "
                "two; use --protocol single-database, or the store of several datasets (megc2019)."
            )
        if len(unique) < 2:
            raise InputError(
                f"{where} holds one subject only ({'/'.join(unique[0])}): "
                "leave-one-subject-out needs at least two."
            )
        if len(set(store.labels[clips].tolist())) < 2:
            raise InputError(
                f"{where} holds clips of one class only "
                f"({store.classes[int(store.labels[clips[0]])]}): that leaves nothing to learn."
            )


def _fold(
    store: FeatureStore,
    held: tuple[int, str, str],
    test: np.ndarray,
    others: np.ndarray,
    validation: str,
    share: float,
    random: np.random.Generator,
) -> Fold:
    number, dataset, subject = held
    held_out = np.array([], np.int64)
    if validation == "subjects":
        when = f" when {dataset}/{subject} is tested" if len(test) else ""
        held_out = _held_out(store, others, share, random, when)
    elif validation == "test-subject":
        held_out = test
    keep_best = {"subjects": "loss", "none": None, "test-subject": "accuracy"}[validation]
    # Unless it is the test subject, who is not among the others, whoever stops the training
    # is not trained on.
    train = np.setdiff1d(others, held_out)
    return Fold(number, dataset, subject, train, held_out, test, keep_best)


def describe_protocol(store: FeatureStore, protocol: str) -> str:
    """The protocol in words with the datasets that it is about, as runs keep it.

    A store of one dataset knows no difference between composite and single-database.
    """
    datasets = sorted({row.dataset for row in store.rows})
    if protocol == "hold-out-database":
        return _DATABASE + ", ".join(datasets)
    if len(datasets) == 1:
        return _SINGLE + datasets[0]
    return (_EACH if protocol == "single-database" else _COMPOSITE) + ", ".join(datasets)


def read_protocol(words: str) -> tuple[str, list[str]]:
    """Name of a protocol and of its datasets, from the words of `describe_protocol`.

    Returns:
        One of `PROTOCOLS` and the datasets; empty where the words are not of this package.
    """
    for start, protocol in (
        (_COMPOSITE, "composite"),
        (_SINGLE, "single-database"),
        (_EACH, "single-database"),
        (_DATABASE, "hold-out-database"),
    ):
        if words.startswith(start):
            return protocol, words.removeprefix(start).split(", ")
    return "", []


def held_out_unit(words: str) -> str:
    """What a fold of a protocol, in the words of `describe_protocol`, tests: subject or dataset."""
    return "dataset" if read_protocol(words)[0] == "hold-out-database" else "subject"


def all_subjects_fold(store: FeatureStore, *, validation: str = "subjects", seed: int = 0) -> Fold:
    """The fold of the network to deploy: trained on all subjects, tested on none.

    Args:
        store: Whose rows name dataset, subject and label of each clip.
        validation: `"subjects"` holds a few out to stop the training; `"none"` trains on all.
        seed: Of the drawing.

    Raises:
        InputError: For `"test-subject"`, since there is none, or too few subjects to hold out.
    """
    if validation not in ("subjects", "none"):
        raise InputError(
            f"validation is {validation!r}, but no subject is tested when all are trained on: "
            "choose subjects or none."
        )
    # One more than the folds of the subjects have.
    number = len({row.person for row in store.rows})
    everyone, nobody = np.arange(len(store.rows)), np.array([], np.int64)
    random = np.random.default_rng([seed])
    return _fold(store, (number, "all", "all"), nobody, everyone, validation, 0.15, random)


def _held_out(
    store: FeatureStore,
    clips: np.ndarray,
    share: float,
    random: np.random.Generator,
    when: str,
) -> np.ndarray:
    """Clips of subjects held out for validation; with too few, `when` says in which fold."""
    unique = sorted({row.person for row in store.rows})
    owner = np.array([unique.index(row.person) for row in store.rows])
    chosen = _validation_subjects(
        owner[clips], store.labels[clips], [dataset for dataset, _ in unique], share, random
    )
    if not len(chosen):
        raise InputError(
            f"{store.path} has too few subjects to hold some out for validation and keep every "
            f"class in training{when}: use --validation none."
        )
    return clips[np.isin(owner[clips], chosen)]


def _validation_subjects(
    owner: np.ndarray,
    labels: np.ndarray,
    datasets: Sequence[str],
    share: float,
    random: np.random.Generator,
    draws: int = 300,
) -> np.ndarray:
    """Numbers of the training subjects to hold out.

    Of many drawn sets the one is taken whose counts by dataset and class come nearest to `share`
    of the training clips; sets that would leave training without a class are passed over.
    """
    persons = np.unique(owner)
    classes = np.unique(labels)
    # A cell is a dataset and a class in it.
    cells = [(dataset, label) for dataset in sorted(set(datasets)) for label in classes]
    place = {cell: index for index, cell in enumerate(cells)}
    counts = np.zeros((len(persons), len(cells)), np.int64)
    for person, label in zip(owner, labels, strict=True):
        cell = place[datasets[person], label]
        counts[np.searchsorted(persons, person), cell] += 1
    total = counts.sum(0)
    by_class = np.array([[cell[1] == label for cell in cells] for label in classes])
    number = min(max(1, round(share * len(persons))), len(persons) - 1)
    best, chosen = np.inf, np.array([], np.int64)
    for _ in range(draws):
        drawn = random.permutation(len(persons))[:number]
        held = counts[drawn].sum(0)
        if (by_class @ (total - held) == 0).any():
            continue
        # Squared distance in units of the cell's own spread, so that rare cells count too.
        distance = float((np.square(held - share * total) / np.maximum(total, 1)).sum())
        if distance < best:
            best, chosen = distance, persons[drawn]
    return np.sort(chosen)
