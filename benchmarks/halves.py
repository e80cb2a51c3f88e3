"""The figures of a run on the subjects that `--recipe best` was tuned on, and on the others.

    python benchmarks/halves.py runs/best

`half_of` splits subjects by a hash of their names. Both halves of the 442 maps of MEGC
2019 have been looked at since, so neither is untouched any more.
"""

from __future__ import annotations

import argparse
import hashlib

from dfrnet_keras.evaluation import open_run
from dfrnet_keras.evaluation.run import summarize

HALVES = ("development", "confirmation")


def half_of(subject: str) -> str:
    """The half that a subject belongs to.

    Args:
        subject: Name of the subject, without its dataset.

    Returns:
        `"development"` where the SHA-256 of the name begins with an even hexadecimal digit, else
        `"confirmation"`.
    """
    digit = hashlib.sha256(subject.encode()).hexdigest()[0]
    return HALVES[int(digit, 16) % 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    run = open_run(parser.parse_args().run)
    for half in HALVES:
        rows = [row for row in run.predictions if half_of(row.subject) == half]
        figures = summarize(rows, run.classes)
        low, high = figures["interval"]["uf1"]
        print(
            f"{half}: {figures['clips']} clips, UF1 {figures['uf1']:.4f} ({low:.3f} to "
            f"{high:.3f}), UAR {figures['uar']:.4f}"
        )


if __name__ == "__main__":
    main()
