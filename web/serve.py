"""Serves the site on this machine, with the headers that let a page use threads."""

from __future__ import annotations

import mimetypes
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from dfrnet_keras.errors import InputError

HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
_TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json",
          ".webm": "video/webm", ".gz": "application/gzip"}  # fmt: skip


def make_server(files: dict[str, bytes], port: int, host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """A server of files in memory; call its `serve_forever`.

    Args:
        files: Content by name, from `site.site_files`.
        port: Of this machine; 0: any that is free.
        host: The address to listen at. Browsers give a camera to localhost and https alone.

    Raises:
        InputError: The port cannot be had.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def _answer(self, *, body: bool) -> None:
            name = unquote(urlsplit(self.path).path).lstrip("/") or "index.html"
            content = files.get(name)
            self.send_response(HTTPStatus.NOT_FOUND if content is None else HTTPStatus.OK)
            self.send_header("Content-Type", _type_of(name))
            self.send_header("Content-Length", str(len(content or b"")))
            for header, value in HEADERS.items():
                self.send_header(header, value)
            self.end_headers()
            if body:
                self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass  # a line for each file says nothing to who looks at the page

    try:
        return ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise InputError(
            f"port {port} cannot be had ({error.strerror}): give another --port."
        ) from error


def _type_of(name: str) -> str:
    ending = name[name.rfind(".") :]
    return _TYPES.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"
