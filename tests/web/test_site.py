"""The site of `dfr-keras web`: what is in it, that it asks nobody else, what is refused."""

from __future__ import annotations

import gzip
import json
import re
import threading
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.features import landmarks
from dfrnet_keras.tflite.runtime.interpreter import Network
from dfrnet_keras.web import make_server, write_site
from dfrnet_keras.web.serve import HEADERS
from dfrnet_keras.web.site import LITERT, site_files

PAGE = Path(__file__).parents[2] / "web" / "page"


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return site_files()


def test_every_file_that_the_page_names_is_there(files: dict[str, bytes]) -> None:
    text = {name: content.decode() for name, content in files.items()
            if name.endswith((".html", ".js", ".webmanifest")) and "/" not in name}  # fmt: skip
    named = set(re.findall(r'(?:src|href)="([^"#]+)"', text["index.html"]))
    named |= {icon["src"] for icon in json.loads(text["manifest.webmanifest"])["icons"]}
    for script in text.values():
        named |= {name.removeprefix("./") for name in re.findall(r'from "(\./[^"]+)"', script)}
        named |= set(re.findall(r'"(models/[^"]+|sample[^"]+)"', script))
    assert len(named) > 12
    assert named <= set(files)
    kept = re.search(r"const FILES = (\[.*?\]);", text["service-worker.js"], re.S)
    assert kept is not None
    others = {"service-worker.js", *(name for name in files if "litert_wasm" in name)}
    assert set(json.loads(kept[1])) == {"./", *files} - others


def test_no_file_of_the_page_names_another_host() -> None:
    known = ("http://www.w3.org/2000/svg", "http://www.apache.org/licenses/")
    for path in PAGE.iterdir():
        if path.suffix in (".html", ".js", ".css", ".webmanifest", ".svg"):
            addresses = re.findall(r"https?://[^\s\"'<)]+", path.read_text())
            assert set(addresses) <= set(known), path


def test_both_languages_have_every_sentence() -> None:
    text = (PAGE / "texts.js").read_text()
    english, german = text[: text.index("  de: {")], text[text.index("  de: {") :]
    keys = [set(re.findall(r'(?:^|[{,])\s*("[\w ]+"|\w+): "', part, re.M))
            for part in (english, german)]  # fmt: skip
    assert len(keys[0]) > 50
    assert not keys[0] - keys[1]
    # What English lacks are the names of action units, which the network brings along.
    assert all(re.fullmatch(r"AU\d+", key) for key in keys[1] - keys[0])


def test_the_network_gives_its_maps_and_all_that_the_preset_says(files: dict[str, bytes]) -> None:
    network = Network(gzip.decompress(files["models/model.tflite.gz"]))
    assert set(network.inputs) == {"onset", "apex"}
    assert set(network.outputs) == {"flow", "probabilities", "movement", "units"}
    still = np.full((1, 224, 224, 3), 90, np.uint8)
    network.run({"onset": still, "apex": still})
    assert np.abs(network.read("flow")).max() < 1e-3
    about = json.loads(files["models/model.json"])
    assert about["classes"] == ["negative", "positive", "surprise"]
    assert len(about["units"]) == network.read("units").shape[0]
    assert 0 < about["threshold"] < 1


def test_files_are_the_same_each_time_and_small(files: dict[str, bytes]) -> None:
    again = site_files()
    # The converter names operations anew; all else is equal byte for byte.
    differ = {name for name in files if files[name] != again[name]}
    assert differ <= {"models/model.tflite.gz", "service-worker.js"}
    assert sum(map(len, files.values())) < 25e6


def test_the_server_sends_what_threads_need(files: dict[str, bytes]) -> None:
    with make_server(files, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        for path, kind in (("", "text/html"), ("app.js?x=1", "text/javascript"),
                           ("manifest.webmanifest", "application/manifest+json")):  # fmt: skip
            with urllib.request.urlopen(address + path) as answer:
                assert answer.headers["Content-Type"] == kind
                assert {name: answer.headers[name] for name in HEADERS} == HEADERS
                assert answer.read() == files[path.partition("?")[0] or "index.html"]
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(address + "../../etc/passwd")
        with pytest.raises(InputError, match=f"port {server.server_port} cannot be had"):
            make_server(files, server.server_port)
        server.shutdown()


def test_a_folder_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="--overwrite"):
        write_site(tmp_path / "site")
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["mine.txt"]


def test_without_the_face_networks_there_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landmarks, "_package_files", lambda: None)
    with pytest.raises(InputError, match="pip install"):
        write_site(tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_damaged_package_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / LITERT.name
    broken.write_bytes(LITERT.read_bytes()[:-10])
    monkeypatch.setattr("dfrnet_keras.web.site.LITERT", broken)
    with pytest.raises(InputError, match="install the package again"):
        site_files()


def test_a_network_of_frames_or_without_flow_is_refused(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "frames.tflite"
    path.write_bytes(gzip.decompress(files["models/model.tflite.gz"]))
    with pytest.raises(InputError, match="without --input frames"):
        site_files(path)
