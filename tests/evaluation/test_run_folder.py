import json
import re

import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import evaluate_loso, open_run


@pytest.fixture
def folder(store, guesser, tmp_path):
    evaluate_loso(guesser(store), store, run_dir=tmp_path / "run", seed=[0, 3])
    return tmp_path / "run"


def test_a_run_reads_back_as_it_was(store, guesser, folder):
    run = open_run(folder)
    assert run.path == folder
    assert run.seeds == (0, 3)
    assert run.classes == store.classes
    assert run.folds == evaluate_loso(guesser(store), store, seed=[0, 3]).folds
    assert run.settings["store"] == {
        "digest": store.digest, "path": str(store.path), "settings": store.settings
    }  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", run.settings["started"])
    assert not list(folder.rglob("*.partial"))


def test_when_it_started_stays_when_it_goes_on(store, guesser, folder):
    settings = json.loads((folder / "settings.json").read_text())
    settings["started"] = "2020-01-01T00:00:00+00:00"
    (folder / "settings.json").write_text(json.dumps(settings))
    evaluate_loso(guesser(store), store, run_dir=folder, seed=[0, 3])
    assert open_run(folder).settings["started"] == "2020-01-01T00:00:00+00:00"


def test_no_run(tmp_path):
    with pytest.raises(InputError, match="is no run folder"):
        open_run(tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("settings.json", "{", "settings.json cannot be read"),
        ("settings.json", "[]", "does not hold what a run writes"),
        ("settings.json", "{}", "lacks learner, store, classes, seeds, folds"),
        ("folds/seed-0-fold-002.json", '{"fold": 2', "fold-002.json cannot be read"),
        ("folds/seed-0-fold-002.json", '{"fold": 2}', "does not hold a fold's record"),
        ("folds/seed-0-fold-002.json", b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_damaged_file_is_named(folder, file, content, message):
    content = content if isinstance(content, bytes) else content.encode()
    (folder / file).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        open_run(folder)
    assert str(folder / file) in str(caught.value)


def test_a_class_that_the_run_does_not_have_is_named(folder):
    file = folder / "folds" / "seed-3-fold-001.json"
    record = json.loads(file.read_text())
    record["predictions"][0]["predicted"] = "angry"
    file.write_text(json.dumps(record))
    with pytest.raises(InputError, match="fold 1 of seed 3, names the class 'angry'"):
        open_run(folder)


def test_a_damaged_run_is_not_gone_on_with(store, guesser, folder):
    (folder / "settings.json").write_text("{}")
    with pytest.raises(InputError, match="not what a run writes"):
        evaluate_loso(guesser(store), store, run_dir=folder)
