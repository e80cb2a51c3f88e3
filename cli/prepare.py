"""`dfr-keras prepare`: the feature store of a dataset."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dfrnet_keras.cli import options as shared
from dfrnet_keras.cli.progress import clip_progress

if TYPE_CHECKING:
    from dfrnet_keras.store import FeatureStore

# What a flag of a clip means, for those who read the summary.
_FLAGS = {
    "apex_spotted": "the apex was not taken from an annotation but spotted ({spotter})",
    "face_not_found": "no face was found, the middle of the frames was taken",
    "eyes_not_found": "the eyes were not found but placed by the box of the face",
    "already_cropped": "faces fill the frames already, they were used whole",
}


@click.command()
@shared.dataset(required=True)
@shared.root
@shared.classes
@shared.edition
@shared.camera
@click.option("--size", type=click.IntRange(2), default=224, show_default=True,
              help="Width and height of the maps in pixels.")  # fmt: skip
@shared.crop
@shared.face_finder
@click.option("--apex", type=click.Choice(["annotated", *shared.SPOTTERS]), default="annotated",
              show_default=True, help="Where the apex frames come from: the annotation, or one "
              "method for all clips.")  # fmt: skip
@click.option("--spotter", type=click.Choice(shared.SPOTTERS), default="flow", show_default=True,
              help="How the apex of a clip that nobody annotated is found: SMIC has none. dcrois "
              "is the paper's.")  # fmt: skip
@click.option("--flow", "flow_method", default="tvl1", show_default=True,
              help="Optical flow: tvl1, ilk, dis, dis-fast or farneback.")  # fmt: skip
@click.option("--flow-batch", type=click.IntRange(0), metavar="N",
              help="Flow ilk of N clips at a time, by the layer; by default 64 where Keras has an "
              "accelerator, else 0: of each clip by itself.")  # fmt: skip
@click.option("--strain", type=click.Choice(["paper", "tensor"]), default="paper",
              show_default=True, help="Optical strain by equation 7 of the paper, or the usual "
              "norm of the strain tensor.")  # fmt: skip
@click.option("--remove-global-motion", is_flag=True,
              help="Take the movement of the whole face out of the flow.")  # fmt: skip
@click.option("--out", "path", type=shared.FOLDER, help="Where to write the store; by default a "
              "folder of its own under $DFR_KERAS_HOME/stores.")  # fmt: skip
@click.option("--gallery", type=shared.PATH, metavar="FILE|FOLDER",
              help="Also draw what the network sees: onset, apex, difference, u, v and strain. "
              "A .png, .jpg, .pdf or .svg shows 12 clips spread over the dataset, a folder gets "
              "sheets of all clips.")  # fmt: skip
@shared.processes
@shared.overwrite
@shared.json_output
def prepare(
    dataset: str,
    root: Path | None,
    strain: str,
    gallery: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Build the feature store of a dataset.

    A store that is there already, built from the same clips with the same settings, is left as it
    is. A build that was interrupted goes on where it stopped when the command is given again. A
    clip that cannot be used is skipped, counted and named. The maps of flow-folder are ready-made:
    options about faces, apex, flow and size do not apply to them.
    """
    from dfrnet_keras.store import open_or_build
    from dfrnet_keras.store.contact_sheet import check_target, write_gallery

    if gallery is not None:
        check_target(gallery)
    with warnings.catch_warnings(record=True) as notes, clip_progress() as progress:
        warnings.simplefilter("always", UserWarning)
        store = open_or_build(
            dataset, root, strain_cross_term=strain == "tensor", progress=progress, **options
        )
    messages = [str(note.message) for note in notes if issubclass(note.category, UserWarning)]
    for message in dict.fromkeys(messages):
        click.echo(f"Warning: {message}", err=True)
    pages: list[Path] = []
    if gallery is not None:
        from dfrnet_keras.datasets import load_dataset

        reading = {name: options[name] for name in ("classes", "edition", "camera")}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # they stand above
            clips = load_dataset(dataset, root, **reading)
        pages = write_gallery(store, clips, gallery)
    described = _described(store)
    if as_json:
        click.echo(json.dumps({**described, "gallery": list(map(str, pages))}, indent=1))
        return
    shown = ", ".join(f"{count} {name}" for name, count in described["classes"].items())
    names = {"T": "flow", "S": "apex", "D": "difference"}
    maps = ", ".join(names[letter] for letter in store.features)
    click.echo(f"{len(store)} clips ({shown}), {maps}, {store.size} pixels")
    click.echo(f"Store: {store.path}")
    if pages:
        sheets = str(pages[0]) if len(pages) == 1 else f"{len(pages)} sheets in {gallery}"
        click.echo(f"Gallery: {sheets}")
    for flag, count in described["flags"].items():
        click.echo(f"{count} clips: {_FLAGS[flag].format(**store.settings)}")
    if store.skipped:
        click.echo(f"{len(store.skipped)} clips were skipped:", err=True)
        for key, reason in store.skipped:
            click.echo(f"  {key}: {reason}", err=True)


def _described(store: FeatureStore) -> dict[str, Any]:
    flags = [flag for row in store.rows for flag in row.flags]
    return {
        "path": str(store.path),
        "clips": len(store),
        "subjects": len({row.person for row in store.rows}),
        "classes": {name: int((store.labels == k).sum()) for k, name in enumerate(store.classes)},
        "features": store.features,
        "size": store.size,
        "flow_range": store.flow_range,
        "settings": store.settings,
        "digest": store.digest,
        "flags": {flag: flags.count(flag) for flag in _FLAGS if flag in flags},
        "skipped": [{"clip": key, "reason": reason} for key, reason in store.skipped],
    }
