"""Each table and figure of the paper as plain data: its rows, and what to build for each.

What the paper prints for them stands in `published`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# The paper's columns of a dataset -> the name that clips of it bear here.
DATASET_COLUMNS = {"SMIC": "smic", "CASME II": "casme2", "SAMM": "samm"}


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        name: As the paper prints it; another name is a row that the paper does not have.
        model: What is trained, a name of `evaluation.learners`; `None` cannot be built.
        options: Arguments of the network where they differ from `DFRNet`'s own. Rows of equal
            model and options are one run, whatever table they stand in.
        views: Letters of the maps that it looks at (T flow, S apex, D difference); empty for one
            that looks at the frames.
        size: Height and width of the maps that the method was published with, where they are not
            those of the paper's own network.
        counted: Further arguments with which the printed parameters and FLOPs agree, where the
            table has these columns.
        note: What a reader has to know of this row.
        timed: Whether it is timed where the table has times.
    """

    name: str
    model: str | None = "dfrnet"
    options: dict[str, Any] = field(default_factory=dict)
    views: str = "TSD"
    size: int | None = None
    counted: dict[str, Any] | None = None
    note: str = ""
    timed: bool = True


@dataclass(frozen=True)
class Table:
    """A table that is trained for.

    Attributes:
        title: What it compares.
        header: Title of its first column.
        rows: In the paper's order; rows that the paper lacks stand at the end.
        by_dataset: Whether it has the scores of each dataset beside those of the composite.
        costs: Whether it has parameters, FLOPs and latency.
        epochs: Whether to show how many epochs each row needed.
        note: What a reader has to know of this table.
    """

    title: str
    header: str
    rows: tuple[Row, ...]
    by_dataset: bool = True
    costs: bool = False
    epochs: bool = False
    note: str = ""


@dataclass(frozen=True)
class Effort:
    """How much is trained and timed.

    Attributes:
        folds: Only the first so many folds; `None` runs all.
        epochs: At most so many; `None` is each network's published training.
        seeds: How many seeds each fold is run with.
        jobs: Processes that train folds at the same time.
        quick: Also shorten what alone would take minutes: ViT gets one fold and one epoch.
        training: Whether to train; without, scores are missing.
        latency: Whether to time the networks, or take their times from the folder of runs.
        threads: For the timing, of Keras and of LiteRT.
        timed_runs: Of each network.
        time_again: Whether to time networks that were timed before.
    """

    folds: int | None = None
    epochs: int | None = None
    seeds: int = 1
    jobs: int = 1
    quick: bool = False
    training: bool = True
    latency: bool = True
    threads: int = 1
    timed_runs: int = 100
    time_again: bool = False

    @property
    def shortened(self) -> bool:
        """Whether less than the published training is done."""
        return self.quick or self.folds is not None or self.epochs is not None


QUICK = Effort(folds=2, epochs=2, quick=True, timed_runs=5)
# Every network of Table 5 can still reduce maps of this size; AlexNet asks for 92.
QUICK_SIZE = 96


_PLAIN = {"attention": "none", "classes": 1000}
_ATTENTIVE = {"attention": "all", "classes": 1000}
_THREE = {"classes": 3}
_HEAD_NOTE = (
    "The printed parameters and FLOPs fit networks of different heads, which the paper does not "
    "name: the head and attention that fit each row stand beside it. What is trained and timed "
    "here has three classes, and its own figures stand in --json under as_trained."
)

TABLES: dict[str, Table] = {
    "table2": Table(
        "Comparison with other methods", "Method",
        (
            Row("LBP-TOP", "lbp-top-svm", views=""),
            Row("BI-WOOF", "bi-woof-svm", views="T"),
            Row("CapsuleNet", "capsulenet", views="T",
                note="Looks at the apex where there is one, else at the flow."),
            Row("ApexNet", "off-apexnet", views="T", size=28),
            Row("STSTNet", "ststnet", views="T", size=28),
            Row("RCN", "rcn-a", views="T", size=60),
            Row("ME-PLAN", "me-plan", views="T", size=28),
            Row("FeatRef", "featref", views="T", size=28),
            Row("FGRL-AUF", "fgrl-auf", views="T", size=56),
            Row("Ours"),
            Row("Dual-Inception", "dual-inception", views="T", size=28,
                note="Not a row of the paper: the features that FeatRef refines."),
            Row("HTNet", "htnet", views="T", size=28, timed=False,
                note="Not a row of the paper. Its windows hold one token: query and key do "
                "nothing. Not timed: its file has 558 MB."),
            Row("HTNet, small", "htnet-small", views="T", size=28,
                note="Not a row of the paper, nor anyone's: HTNet with windows of 49 tokens."),
            Row("SSSNet", "sssnet", views="T", size=64, note="Not a row of the paper."),
            Row("RBF-SVM on 14 x 14 flow", "svm", views="T",
                note="Not a row of the paper: a network that does not beat it has shown little."),
            Row("Always the most frequent class", "majority", views="",
                note="Not a row of the paper: the floor."),
        ),
        costs=True, epochs=True,
        note="Parameters, FLOPs, latency and epochs are no columns of the paper's table; kernel "
        "machines have no parameters to count and are not timed.",
    ),
    "table3": Table(
        "Features", "Feature",
        (
            Row("S + D", options={"features": "SD"}, views="SD"),
            Row("T + D", options={"features": "TD"}, views="TD"),
            Row("T + S", options={"features": "TS"}, views="TS"),
            Row("T + S + D"),
        ),
    ),
    "table4": Table(
        "Fusion of the features", "Fusion",
        (
            Row("Add", options={"fusion": "add"}),
            Row("Mul", options={"fusion": "multiply"}),
            Row("Cat", options={"fusion": "concat"}),
            Row("Ours"),
        ),
        note="The paper prints one pair twice, 0.6269 and 0.6142: here for Cat on SMIC, in Table 5 "
        "for AlexNet on the composite. At least one of them looks like a slip.",
    ),
    "table5": Table(
        "Networks after the fusion", "Module",
        (
            Row("AlexNet", options={"backbone": "alexnet"}, counted=_THREE),
            Row("VGG", options={"backbone": "vgg"}, counted=_THREE),
            Row("Inception", options={"backbone": "inception"}, counted=_THREE,
                note="GoogLeNet as published comes within 0.2 % of the printed figures."),
            Row("ResNet", options={"attention": "none"}, counted=_PLAIN),
            Row("ViT", options={"backbone": "vit"}, counted=_THREE,
                note="Position and class tokens are not counted, as thop leaves them out; the "
                "FLOPs, 17.8016 G, are printed cut off, not rounded."),
        ),
        by_dataset=False, costs=True, note=_HEAD_NOTE,
    ),
    "table6": Table(
        "Attention in the residual blocks", "Attention",
        (
            Row("None", options={"attention": "none"}),
            Row("SA", options={"attention": "spatial"}),
            Row("CA", options={"attention": "channel"}),
            Row("All"),
        ),
    ),
    "table7": Table(
        "Cost of attention", "Attention",
        (
            Row("None", options={"attention": "none"}, counted=_PLAIN),
            Row("All", counted=_ATTENTIVE),
        ),
        by_dataset=False, costs=True, note=_HEAD_NOTE,
    ),
    "table8": Table(
        "Stages of the ResNet", "Layers",
        (
            Row("1", options={"stages": 1}),
            Row("2", options={"stages": 2}),
            Row("3"),
            Row("4", options={"stages": 4}),
        ),
    ),
    "table9": Table(
        "Cost of stages", "Layers",
        (
            Row("1", options={"stages": 1}, counted=_PLAIN),
            Row("2", options={"stages": 2}, counted=_PLAIN),
            Row("3", counted=_ATTENTIVE),
            Row("4", options={"stages": 4}, counted={"attention": "none", **_THREE}),
        ),
        by_dataset=False, costs=True,
        note=_HEAD_NOTE + " Only the printed row of 3 layers fits a network with attention.",
    ),
}  # fmt: skip

# The paper's own network, whose confusion matrices the figures show.
OURS = Row("Ours")
FIGURES: dict[str, tuple[str, ...]] = {
    "figure6": ("Full", "SMIC"),
    "figure7": ("CASME II", "SAMM"),
}
NAMES = ("table1", *TABLES, *FIGURES)
