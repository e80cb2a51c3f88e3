"""What the paper prints, as it prints it: figures of others and its own, none measured here.

Numbers have the paper's own decimals.
"""

from __future__ import annotations

from typing import NamedTuple

PAPER = (
    "Li, Huang, Wu: A Semi-Lightweight Multi-Feature Integration Architecture for "
    "Micro-Expression Recognition, 2025"
)
# Where the printed latencies were measured, sections 4.3 and 4.5.3; no thread count is given.
PAPER_MACHINE = "Intel i7-1165G7, PyTorch, batch 1, mean of 100 runs, threads not stated"

Pair = tuple[float, float]


class PublishedRow(NamedTuple):
    """Printed scores of one method, each a pair of UF1 and UAR.

    Attributes:
        method: Name as printed.
        full: On the composite dataset.
        smic, casme2, samm: On the clips of each dataset.
        source: Who printed it, and whose method it is.
        note: What is wrong or missing with the row; empty where nothing is.
    """

    method: str
    full: Pair
    smic: Pair
    casme2: Pair
    samm: Pair
    source: str
    note: str = ""


def _of(reference: str) -> str:
    return f"DFR-Net, Table 2; the method is of {reference}"


PUBLISHED_TABLE2: tuple[PublishedRow, ...] = (
    PublishedRow(
        "LBP-TOP", (0.5882, 0.5785), (0.2000, 0.5280), (0.7026, 0.7429), (0.3954, 0.4102),
        _of("Pfister et al., ICCV Workshops 2011, doi:10.1109/iccvw.2011.6126401"),
        "The pair of SMIC cannot be right: a UF1 of 0.1994 is what always answering negative "
        "gives, and its UAR is 0.3333.",
    ),
    PublishedRow(
        "BI-WOOF", (0.6296, 0.6227), (0.5727, 0.5829), (0.7805, 0.8026), (0.5211, 0.5139),
        _of("Liong et al., Signal Processing: Image Communication 2018, "
            "doi:10.1016/j.image.2017.11.006"),
    ),
    PublishedRow(
        "CapsuleNet", (0.6520, 0.6506), (0.5820, 0.5877), (0.7068, 0.7018), (0.6209, 0.5989),
        _of("Quang et al., FG 2019, doi:10.1109/fg.2019.8756544"),
    ),
    PublishedRow(
        "ApexNet", (0.7196, 0.7096), (0.6817, 0.6695), (0.8764, 0.8681), (0.5409, 0.5392),
        _of("Gan et al., Signal Processing: Image Communication 2019, "
            "doi:10.1016/j.image.2019.02.005"),
    ),
    PublishedRow(
        "STSTNet", (0.7353, 0.7605), (0.6801, 0.7013), (0.8382, 0.8686), (0.6588, 0.6810),
        _of("Liong et al., FG 2019, doi:10.1109/fg.2019.8756567"),
        "The column printed as UAR is macro precision: from its authors' prediction log UF1 is "
        "0.7353, UAR 0.7186 and macro precision 0.7605.",
    ),
    PublishedRow(
        "RCN", (0.7432, 0.7190), (0.6326, 0.6441), (0.8512, 0.8123), (0.7601, 0.6715),
        _of("Xia et al., IEEE Transactions on Image Processing 2020, "
            "doi:10.1109/TIP.2020.3018222"),
    ),
    PublishedRow(
        "ME-PLAN", (0.7715, 0.7864), (0.7127, 0.7256), (0.8632, 0.8778), (0.7164, 0.7418),
        _of("Zhao et al., Neural Networks 2022, doi:10.1016/j.neunet.2022.06.024"),
        "Not built: it is pre-trained on macro-expressions, which no dataset here has.",
    ),
    PublishedRow(
        "FeatRef", (0.7838, 0.7832), (0.7011, 0.7083), (0.8915, 0.8873), (0.7372, 0.7155),
        _of("Zhou et al., Pattern Recognition 2022, doi:10.1016/j.patcog.2021.108275"),
    ),
    PublishedRow(
        "FGRL-AUF", (0.7914, 0.7933), (0.7192, 0.7215), (0.8798, 0.8710), (0.7751, 0.7890),
        _of("Lei et al., CVPR Workshops 2021, doi:10.1109/cvprw53098.2021.00173"),
        "Not built: it is trained on action-unit labels, which no dataset here is read with.",
    ),
    PublishedRow(
        "Ours", (0.7657, 0.7295), (0.6579, 0.6422), (0.8669, 0.8491), (0.7889, 0.7325),
        "DFR-Net, Table 2",
    ),
)  # fmt: skip

# Table -> row -> pairs of UF1 and UAR: composite, SMIC, CASME II, SAMM; of tables of cost the
# composite alone.
_OURS = ((0.7657, 0.7295), (0.6579, 0.6422), (0.8669, 0.8491), (0.7889, 0.7325))
SCORES: dict[str, dict[str, tuple[Pair, ...]]] = {
    "table2": {row.method: (row.full, row.smic, row.casme2, row.samm) for row in PUBLISHED_TABLE2},
    "table3": {
        "S + D": ((0.6474, 0.6332), (0.5547, 0.5896), (0.7217, 0.7155), (0.6317, 0.5782)),
        "T + D": ((0.7067, 0.6733), (0.6340, 0.6208), (0.7588, 0.7323), (0.7436, 0.7107)),
        "T + S": ((0.7368, 0.7051), (0.6409, 0.6273), (0.8339, 0.8176), (0.7531, 0.7236)),
        "T + S + D": _OURS,
    },
    "table4": {
        "Add": ((0.6856, 0.6563), (0.6039, 0.5946), (0.7669, 0.7609), (0.6874, 0.6353)),
        "Mul": ((0.6758, 0.6422), (0.6323, 0.6181), (0.7053, 0.6803), (0.6708, 0.6407)),
        "Cat": ((0.6841, 0.6500), (0.6269, 0.6142), (0.7167, 0.6907), (0.6963, 0.6663)),
        "Ours": _OURS,
    },
    "table5": {
        "AlexNet": ((0.6269, 0.6142),),
        "VGG": ((0.6741, 0.6399),),
        "Inception": ((0.6811, 0.6469),),
        "ResNet": ((0.7333, 0.6991),),
        "ViT": ((0.7877, 0.7418),),
    },
    "table6": {
        "None": ((0.7333, 0.6991), (0.6323, 0.6214), (0.8198, 0.7941), (0.7583, 0.7103)),
        "SA": ((0.7436, 0.7097), (0.6402, 0.6270), (0.8461, 0.8282), (0.7570, 0.7068)),
        "CA": ((0.7596, 0.7248), (0.6470, 0.6334), (0.8586, 0.8386), (0.7949, 0.7453)),
        "All": _OURS,
    },
    "table8": {
        "1": ((0.6851, 0.6504), (0.6319, 0.6177), (0.7203, 0.6907), (0.6899, 0.6628)),
        "2": ((0.7470, 0.7107), (0.6428, 0.6285), (0.8374, 0.8178), (0.7788, 0.7197)),
        "3": _OURS,
        "4": ((0.7739, 0.7387), (0.6566, 0.6410), (0.8750, 0.8595), (0.8201, 0.7675)),
    },
}

# Tables 7 and 9 print what rows of Tables 6 and 8 cost.
SCORES["table7"] = {name: SCORES["table6"][name][:1] for name in ("None", "All")}
SCORES["table9"] = {name: pairs[:1] for name, pairs in SCORES["table8"].items()}

# Table -> row -> milliseconds, printed as "Speed". Printed parameters and FLOPs stand in
# `models.paper_counts`.
MILLISECONDS: dict[str, dict[str, float]] = {
    "table5": {"AlexNet": 39.872, "VGG": 59.137, "Inception": 45.134, "ResNet": 54.713,
               "ViT": 308.997},
    "table7": {"None": 54.713, "All": 65.944},
    "table9": {"1": 40.108, "2": 47.282, "3": 65.944, "4": 89.513},
}  # fmt: skip


# Table 1: samples, subjects, whether action units are annotated, clips of the three classes.
DATASETS: dict[str, dict[str, int | bool]] = {
    "SMIC": {"clips": 164, "subjects": 16, "action_units": False,
             "negative": 70, "positive": 51, "surprise": 43},
    "CASME II": {"clips": 145, "subjects": 24, "action_units": True,
                 "negative": 88, "positive": 32, "surprise": 25},
    "SAMM": {"clips": 133, "subjects": 28, "action_units": True,
             "negative": 92, "positive": 26, "surprise": 15},
}  # fmt: skip
