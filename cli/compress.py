"""`dfr-keras compress`: a network fine-tuned smaller, with figures of before and after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from dfrnet_keras.cli import options as shared
from dfrnet_keras.cli.console import print_table
from dfrnet_keras.startup import start_keras

_REMARKS = {
    "qat": "The int8 network was trained as one; it takes the time of any int8 network.",
    "prune": "Pruning makes the zipped file small, not the network fast: zeros are multiplied too.",
    "cluster": "Clustering makes the zipped file small, not the network fast.",
}


@click.command()
@click.argument("model", type=shared.PATH)
@click.option("--method", required=True, help="qat, prune or cluster.")
@click.option("--store", type=shared.PATH, help="The features to fine-tune on; the training store "
              "where it is found.")  # fmt: skip
@click.option("--out", type=shared.PATH, help="Folder for the files; that of MODEL by default.")
@click.option("--epochs", type=int, help="Passes over the clips.  [default: 10 with prune, else 5]")
@click.option("--learning-rate", type=float,
              help="Of Adam.  [default: 1e-4 with prune, else 1e-5]")  # fmt: skip
@click.option("--batch-size", type=int, default=32, show_default=True, help="Clips a step.")
@click.option("--sparsity", type=float, default=0.8, show_default=True,
              help="With prune: share of zeros.")  # fmt: skip
@click.option("--clusters", type=int, default=16, show_default=True,
              help="With cluster: values a kernel has.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Of held-out subjects, order and augmentation.")  # fmt: skip
@shared.overwrite
@shared.json_output
def compress(model: Path, method: str, as_json: bool, **options: Any) -> None:
    """Fine-tune MODEL, a .keras file or a run folder, with TensorFlow Model Optimization.

    Written are float32 and int8 .tflite files (qat: int8 alone), and for prune and cluster the
    .keras file. Size, zipped size, time and UF1 before and after are of the same clips, those of
    the subjects that the fine-tuning holds out. The network itself may have been trained on them:
    the figures compare, they do not promise.
    """
    start_keras()
    from dfrnet_keras.tflite.compression.compress_and_compare import compress_and_compare

    found = compress_and_compare(model, method=method, **options)
    if as_json:
        figures = {name: scores.as_dict() for name, scores in found.scores.items()}
        files = [str(path) for path in found.files]
        click.echo(json.dumps({"files": files, "figures": figures, **found.settings}, indent=1))
        return
    print_table(
        ["", "MB", "zipped", "ms", "UF1", "UAR"],
        [
            [name, f"{row.bytes / 1e6:.2f}", f"{row.zipped / 1e6:.2f}", f"{row.milliseconds:.2f}",
             f"{row.uf1:.4f}", f"{row.uar:.4f}"]
            for name, row in found.scores.items()
        ],
    )  # fmt: skip
    click.echo(f"{found.clips} clips of subjects that the fine-tuning did not see. "
               f"{_REMARKS[method]}")  # fmt: skip
    for path in found.files:
        click.echo(str(path))
