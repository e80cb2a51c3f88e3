"""`dfr-keras watch`: find movements while they happen."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dfrnet_keras.cli.options import FOLDER, PATH

if TYPE_CHECKING:
    from dfrnet_keras.prediction.live import LiveFind


@click.command()
@click.argument("video", required=False, type=PATH)
@click.option("--camera", type=click.IntRange(0), help="Number of the camera.  [default: 0]")
@click.option("--text", is_flag=True, help="Print the finds; show no picture.")
@click.option("--model", help="A .keras or .tflite file, or a preset, that names the finds.  "
              "[default: the preset of the package]")  # fmt: skip
@click.option("--record", type=FOLDER, help="Keep the finds in this folder: a table, and the faces "
              "from onset to offset. Nothing is kept otherwise.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=8737, show_default=True,
              help="Of the page on this machine, where OpenCV opens no window.")  # fmt: skip
@click.option("--rate", type=click.FloatRange(1, 1000), help="Frames a second of a folder of "
              "frames.")  # fmt: skip
def watch(
    video: Path | None,
    camera: int | None,
    text: bool,
    model: str | None,
    record: Path | None,
    port: int,
    rate: float | None,
) -> None:
    """Name movements of a face as soon as they are over: of a camera, or of VIDEO at its own pace.

    A window shows the face, how it moves and the last finds; q closes it. The usual OpenCV of this
    package opens no windows: then the same picture is on a page that only this machine can open.
    Frames that there is no time for are dropped, and how many is said.

    What follows a movement is not waited for, so that the first word of speech may be taken for an
    expression; `dfr-keras spot` tells it apart.
    """
    if video is not None and camera is not None:
        raise click.UsageError("Give VIDEO or --camera, not both.")
    from dfrnet_keras.atomic import check_writable
    from dfrnet_keras.cli.screen import open_screen
    from dfrnet_keras.cli.spot import load_namer
    from dfrnet_keras.frames.live import LiveFrames
    from dfrnet_keras.prediction.live import LiveSpotter, draw_overlay, find_line

    if record is not None:
        check_writable(record / "finds.csv")
    namer = load_namer(model)
    namer.warm_up()
    spotter = LiveSpotter(namer)
    finds: list[LiveFind] = []
    seen, problem = 0, ""

    def take(found: list[LiveFind]) -> None:
        for find in found:
            click.echo(find_line(find))
            finds.append(find)
            if record is not None:
                _keep(record, finds, str(source))

    source: int | Path = video if video is not None else camera or 0
    with open_screen(text, port) as screen:
        frames = LiveFrames(source, rate=rate)
        try:
            for frame in frames:
                seen += 1
                take(spotter.push(frame))
                status = f"{frame.second:.1f} s, {frames.dropped} frames dropped"
                if screen is not None and not screen(
                    partial(draw_overlay, frame.picture, spotter, status)
                ):
                    break
        except KeyboardInterrupt:
            pass  # how a watch without a window ends
        finally:
            frames.close()
    take(spotter.finish())
    problem = frames.problem
    click.echo(f"{seen} frames seen, {frames.dropped} dropped, {len(finds)} finds", err=True)
    if problem:
        click.echo(f"Error: {problem}", err=True)
        sys.exit(1)


def _keep(folder: Path, finds: list[LiveFind], source: str) -> None:
    """Write the table anew, and the faces of the last find."""
    from dfrnet_keras.atomic import whole_folder
    from dfrnet_keras.datasets.synthetic.clips import write_picture
    from dfrnet_keras.prediction.finds import find_row, write_table
    from dfrnet_keras.prediction.recording import Recording

    rows = [find_row(Recording(source), "", find.movement, find.name) for find in finds]
    write_table(folder / "finds.csv", rows)
    last = finds[-1]
    name = f"{last.movement.apex:06d}-{last.movement.kind}"
    with whole_folder(folder / name, overwrite=True) as whole:
        for number, face in last.faces.items():
            write_picture(whole / f"{number:06d}.png", face)
