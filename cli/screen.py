"""Where `dfr-keras watch` shows its picture: a window of OpenCV, or a page on this machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError

Draw = Callable[[], NDArray[np.uint8]]  # makes the picture, uint8 RGB
Screen = Callable[[Draw], bool]  # shows it where there is time; False: the user has had enough

_TITLE = "dfr-keras watch"
_EVERY = 1 / 15  # seconds between pictures: what is shown must not cost what is measured
_PAGE = (
    f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{_TITLE}</title>'
    '<body style="margin:0;background:#1f2430;display:grid;place-items:center;min-height:100vh">'
    '<img src="/stream" alt="the camera, with finds" style="max-width:100%;min-width:60vw">'
)


@contextmanager
def open_screen(text: bool, port: int) -> Iterator[Screen | None]:
    """What shows pictures until the block ends.

    Args:
        text: Show none.
        port: Of the page, where OpenCV opens no window; 0 takes a free one.

    Yields:
        The screen; `None` where none was asked for.

    Raises:
        InputError: The port is taken.
    """
    if text:
        yield None
        return
    try:
        cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL)
    except cv2.error:
        with _page(port) as screen:
            yield screen
        return
    try:
        yield _seldom(_show)
    finally:
        cv2.destroyAllWindows()


def _seldom(show: Callable[[NDArray[np.uint8]], bool]) -> Screen:
    last = 0.0

    def screen(draw: Draw) -> bool:
        nonlocal last
        if time.monotonic() - last < _EVERY:
            return True
        last = time.monotonic()
        return show(draw())

    return screen


def _show(picture: NDArray[np.uint8]) -> bool:
    cv2.imshow(_TITLE, picture[..., ::-1])
    return cv2.waitKey(1) & 0xFF not in (ord("q"), 27)


@contextmanager
def _page(port: int) -> Iterator[Screen]:
    """A page with a stream of pictures, which other machines cannot open."""
    fresh = threading.Condition()
    latest: list[bytes] = [b""]
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stream = self.path == "/stream"
            self.send_response(200 if stream or self.path == "/" else 404)
            kind = "multipart/x-mixed-replace; boundary=next" if stream else "text/html"
            self.send_header("Content-Type", kind)
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if self.path == "/":
                self.wfile.write(_PAGE.encode())
            while stream and not ended.is_set():
                with fresh:
                    fresh.wait(1.0)
                    picture = latest[0]
                head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}"
                try:
                    self.wfile.write(f"{head}\r\n\r\n".encode() + picture + b"\r\n")
                except OSError:
                    return  # the page was closed

        def log_message(self, format: str, *args: object) -> None:
            """Requests are nobody's concern."""

    def show(picture: NDArray[np.uint8]) -> bool:
        _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])
        with fresh:
            latest[0] = data.tobytes()
            fresh.notify_all()
        return True

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise InputError(
            f"port {port} cannot be used ({error.strerror}): give another --port, or --text"
        ) from error
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    click.echo(f"http://127.0.0.1:{server.server_address[1]} shows the picture; Ctrl+C ends it",
               err=True)  # fmt: skip
    try:
        yield _seldom(show)
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
