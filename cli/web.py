"""`dfr-keras web`: the page that finds and names movements in a browser."""

from __future__ import annotations

from pathlib import Path

import click

from dfrnet_keras.cli import options as shared


@click.command()
@click.option("--model", type=shared.PATH, help="A .tflite file of maps with flow among them, as "
              "dfr-keras convert writes it.")  # fmt: skip
@click.option("--preset", metavar="NAME", help="A network that comes with the package, see "
              "dfr-keras preset list.  [default: the package's preset]")  # fmt: skip
@click.option("--out", type=shared.FOLDER, help="Write the site into this folder, for any host of "
              "static files.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), help="Serve it on this machine instead.  "
              "[default: 8000]")  # fmt: skip
@shared.overwrite
def web(
    model: Path | None,
    preset: str | None,
    out: Path | None,
    port: int | None,
    overwrite: bool,
) -> None:
    """Write or serve a page that finds and names movements of a face in any browser.

    Camera or video in; all that is computed is computed in the browser by LiteRT.js, and nothing
    is sent anywhere. The site asks no other host for anything, works without a network once it
    was opened, and can be installed on a phone. Served on this machine it is for this machine
    alone: browsers give the camera to https and localhost only.
    """
    if model is not None and preset is not None:
        raise click.UsageError("Give --model or --preset, not both.")
    if out is not None and port is not None:
        raise click.UsageError("Give --out or --port, not both.")
    from dfrnet_keras.startup import start_keras

    start_keras()
    if out is not None:
        from dfrnet_keras.web.site import write_site

        click.echo(f"Site: {write_site(out, model, preset=preset, overwrite=overwrite)}")
        return
    from dfrnet_keras.web.serve import make_server
    from dfrnet_keras.web.site import site_files

    # The port first: the files take some seconds.
    files: dict[str, bytes] = {}
    with make_server(files, 8000 if port is None else port) as server:
        files |= site_files(model, preset=preset)
        click.echo(f"http://localhost:{server.server_port}/ (Ctrl+C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("Ended.", err=True)
