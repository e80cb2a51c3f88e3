"""`dfr-keras prepare`: the feature store of a dataset."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dfrnet_keras.cli.progress import clip_progress

if TYPE_CHECKING:
    from dfrnet_keras.store import FeatureStore

_FOLDER = click.Path(path_type=Path, file_okay=False)
# What a flag of a clip means, for those who read the summary.
_FLAGS = {
    "apex_spotted": "the apex was not taken from an annotation but spotted ({spotter})",
    "face_not_found": "no face was found, the middle of the frames was taken",
    "eyes_not_found": "the eyes were not found but placed by the box of the face",
    "already_cropped": "faces fill the frames already, they were used whole",
}


@click.command()
@click.option("--dataset", required=True,
              help="casme2, smic, samm, megc2019, synthetic or flow-folder.")  # fmt: skip
@click.option("--root", type=_FOLDER, help="Its folder; by default the one named after it under "
              "$DFR_KERAS_DATA.")  # fmt: skip
@click.option("--classes", type=click.Choice(["megc2019", "original"]), default="megc2019",
              show_default=True, help="The three of MEGC 2019, or the dataset's own.")  # fmt: skip
@click.option("--edition", type=click.Choice(["raw", "cropped"]),
              help="Of CASME II and SMIC.  [default: what is there, raw first]")  # fmt: skip
@click.option("--camera", type=click.Choice(["HS", "VIS", "NIR"]), help="Of SMIC.  [default: HS]")
@click.option("--size", type=click.IntRange(2), default=224, show_default=True,
              help="Width and height of the maps in pixels.")  # fmt: skip
@click.option("--crop", type=click.Choice(["auto", "face", "none"]), default="auto",
              show_default=True, help="face: find the face in the onset frame, turn it upright and "
              "cut it out. none: use frames whole. auto: look at a few clips of each dataset "
              "whether faces fill the frames already.")  # fmt: skip
@click.option("--apex",
              type=click.Choice(["annotated", "dcrois", "dcrois-grid", "flow", "midpoint"]),
              default="annotated", show_default=True,
              help="Where the apex frames come from: the annotation, or one method for all "
              "clips.")  # fmt: skip
@click.option("--spotter", type=click.Choice(["dcrois", "dcrois-grid", "flow", "midpoint"]),
              default="flow", show_default=True, help="How the apex of a clip that nobody "
              "annotated is found: SMIC has none. dcrois is the paper's.")  # fmt: skip
@click.option("--flow", "flow_method", default="tvl1", show_default=True,
              help="Optical flow: tvl1, ilk, dis, dis-fast or farneback.")  # fmt: skip
@click.option("--strain", type=click.Choice(["paper", "tensor"]), default="paper",
              show_default=True, help="Optical strain by equation 7 of the paper, or the usual "
              "norm of the strain tensor.")  # fmt: skip
@click.option("--remove-global-motion", is_flag=True,
              help="Take the movement of the whole face out of the flow.")  # fmt: skip
@click.option("--out", type=_FOLDER, help="Where to write the store; by default a folder of its "
              "own under $DFR_KERAS_HOME/stores.")  # fmt: skip
@click.option("--gallery", type=click.Path(path_type=Path), metavar="FILE|FOLDER",
              help="Also draw what the network sees: onset, apex, difference, u, v and strain. "
              "A .png, .jpg, .pdf or .svg shows 12 clips spread over the dataset, a folder gets "
              "sheets of all clips.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(-1), default=-1,
              help="Processes; -1, the default, is one per processor.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace a store that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print what was built as JSON.")
def prepare(
    dataset: str,
    root: Path | None,
    strain: str,
    out: Path | None,
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
            dataset,
            root,
            path=out,
            strain_cross_term=strain == "tensor",
            progress=progress,
            **options,
        )
    for note in dict.fromkeys(str(note.message) for note in notes
                              if issubclass(note.category, UserWarning)):  # fmt: skip
        click.echo(f"Warning: {note}", err=True)
    pages: list[Path] = []
    if gallery is not None:
        from dfrnet_keras.datasets import load_dataset

        reading = {name: options[name] for name in ("classes", "edition", "camera")}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # they stand above
            clips = load_dataset(dataset, root, **reading)
        pages = write_gallery(store, clips, gallery)
    if as_json:
        described = {**_described(store), "gallery": [str(page) for page in pages]}
        click.echo(json.dumps(described, indent=1))
        return
    counts = _described(store)["classes"]
    shown = ", ".join(f"{count} {name}" for name, count in counts.items())
    names = {"T": "flow", "S": "apex", "D": "difference"}
    maps = ", ".join(names[letter] for letter in store.features)
    click.echo(f"{len(store)} clips ({shown}), {maps}, {store.size} pixels")
    click.echo(f"Store: {store.path}")
    for page in pages[:1] if len(pages) == 1 else []:
        click.echo(f"Gallery: {page}")
    if len(pages) > 1:
        click.echo(f"Gallery: {len(pages)} sheets in {gallery}")
    for flag, what in _FLAGS.items():
        count = sum(flag in row.flags for row in store.rows)
        if count:
            click.echo(f"{count} clips: {what.format(**store.settings)}")
    if store.skipped:
        click.echo(f"{len(store.skipped)} clips were skipped:", err=True)
        for key, reason in store.skipped:
            click.echo(f"  {key}: {reason}", err=True)


def _described(store: FeatureStore) -> dict[str, Any]:
    return {
        "path": str(store.path),
        "clips": len(store),
        "subjects": len({(row.dataset, row.subject) for row in store.rows}),
        "classes": {name: int((store.labels == k).sum()) for k, name in enumerate(store.classes)},
        "features": store.features,
        "size": store.size,
        "flow_range": store.flow_range,
        "settings": store.settings,
        "digest": store.digest,
        "flags": {
            flag: count for flag in _FLAGS
            if (count := sum(flag in row.flags for row in store.rows))
        },
        "skipped": [{"clip": key, "reason": reason} for key, reason in store.skipped],
    }  # fmt: skip
