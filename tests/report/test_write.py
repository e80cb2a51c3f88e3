import errno
import html.parser
import os
import re
from pathlib import Path

import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import evaluate_loso, open_run
from dfrnet_keras.evaluation.run import FoldRecord, Prediction, Run
from dfrnet_keras.report import write_report


class Reader(html.parser.HTMLParser):
    """Holds the page to balanced tags and collects its text, links and pictures."""

    _VOID = ("meta", "img", "br", "rect")

    def __init__(self, page):
        super().__init__()
        self.text, self.addresses, self.tags, self._open = [], [], [], []
        self.feed(page)
        self.close()
        assert self._open == []
        self.text = " ".join(" ".join(self.text).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href")]
        if tag not in self._VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self._VOID:
            assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open[-1:] != ["style"]:
            self.text.append(data)


def read(path):
    return Reader(path.read_text(encoding="utf-8"))


@pytest.fixture
def folder(store, guesser, tmp_path):
    evaluate_loso(guesser(store), store, run_dir=tmp_path / "run", seed=[0, 1])
    return tmp_path / "run"


def test_a_page_in_the_folder_of_the_run(folder, store):
    path = write_report(folder)
    assert path == folder / "report.html"
    page = read(path)
    metrics = open_run(folder).metrics()
    for shown in (
        f"{metrics['uf1']:.4f}",
        f"{metrics['uar']:.4f}",
        f"{metrics['interval']['uf1'][0]:.3f} to {metrics['interval']['uf1'][1]:.3f}",
        f"always the most frequent class, {metrics['floor']['uf1']:.3f}",
        f"Expected calibration error {metrics['calibration']['error']:.3f}",
        "single-database leave-one-subject-out on made",
        "subjects: a few training subjects are held out to choose the epoch",
        "seed 0",
        "seed 1",
        "made / s4",
        store.digest,
        "keras 3.",
        f"dfr-keras report {folder} --out {path}",
    ):
        assert shown in page.text
    assert "optimistic" not in path.read_text().lower()
    assert "INCOMPLETE" not in page.text
    assert not list(folder.glob("*.partial"))


def test_the_page_needs_nothing_else(folder):
    path = write_report(folder)
    page = read(path)
    assert page.addresses
    assert all(address.startswith("data:image/") for address in page.addresses)
    content = path.read_text()
    assert "<script" not in content
    assert re.findall(r"@import|<link|<iframe|<object", content) == []
    assert all(address == '"data:image' for address in re.findall(r"url\((.{11})", content))


def test_the_same_run_gives_the_same_page(folder):
    first = write_report(folder).read_bytes()
    assert write_report([open_run(folder)]).read_bytes() == first


def test_pictures_of_matrices_and_curves(make_store, guesser, tmp_path):
    store = make_store(subjects=6, datasets=("one", "two"))
    evaluate_loso(guesser(store), store, run_dir=tmp_path)
    read(write_report(tmp_path))
    matrices = (tmp_path / "report.html").read_text().count('alt="Confusion matrix: ')
    assert matrices == 3  # pooled and one for each dataset
    assert "training loss" in _pictures(tmp_path / "report.html")
    assert "validation loss" in _pictures(tmp_path / "report.html")


def _pictures(path):
    """What is written in the pictures of a page."""
    import base64

    found = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", path.read_text())
    return " ".join(base64.b64decode(picture).decode() for picture in found)


def test_mistakes_are_shown_with_their_maps(make_store, guesser, tmp_path):
    store = make_store(size=16, views="TSD")
    run = evaluate_loso(guesser(store), store, run_dir=tmp_path, seed=[0, 1])
    wrong = [row for row in run.predictions if row.label != row.predicted]
    assert wrong
    page = read(write_report(tmp_path))
    worst = max(wrong, key=lambda row: max(row.probabilities))
    mistakes = page.text[page.text.index("Mistakes") :]
    first = mistakes.index(f"made / {worst.subject} / {worst.clip}")
    assert f"is {worst.label} , was taken for {worst.predicted} with" in mistakes[first:]
    clips = {(row.subject, row.clip) for row in wrong}
    assert mistakes.count("was taken for") == len(clips) <= 24
    pictures = [address for address in page.addresses if "image/png" in address]
    assert len(pictures) == 5 * len(clips)
    assert "u, to the right (pixels)" in _pictures(tmp_path / "report.html")


def test_a_store_that_is_gone_or_another_is_said(make_store, guesser, tmp_path):
    store = make_store()
    evaluate_loso(guesser(store), store, run_dir=tmp_path)
    assert "image/png" in write_report(tmp_path).read_text()
    elsewhere = store.path.with_name("moved")
    store.path.rename(elsewhere)
    assert "is no longer at" in read(write_report(tmp_path)).text
    make_store(subjects=4).path.rename(store.path)
    page = read(write_report(tmp_path))
    assert "is another one by now" in page.text
    assert not [address for address in page.addresses if "image/png" in address]


def test_optimistic_is_written_all_over(store, guesser, tmp_path):
    evaluate_loso(guesser(store), store, run_dir=tmp_path, validation="test-subject")
    path = write_report(tmp_path)
    page = read(path)
    assert "OPTIMISTIC The epoch of each fold was chosen on the subject" in page.text
    assert '<section class="run watermark"' in path.read_text()
    assert '.watermark { background-image: url("data:image/svg+xml' in path.read_text()


def test_incomplete_and_failed_folds_are_said(store, guesser, tmp_path):
    evaluate_loso(guesser(store, fails=[1]), store, run_dir=tmp_path, folds=3)
    text = read(write_report(tmp_path)).text
    assert "INCOMPLETE 2 of 3 folds are done, and 2 subjects were left out on purpose." in text
    assert "FAILED 1 fold failed" in text
    assert "made/s1, seed 0: the loss became nan in epoch 2" in text


def test_a_run_without_one_answer(store, guesser, tmp_path):
    evaluate_loso(guesser(store, fails=range(5)), store, run_dir=tmp_path)
    text = read(write_report(tmp_path)).text
    assert "There are no figures yet." in text
    assert "Confusion matrices" not in text


def test_one_fold_has_no_interval(store, guesser, tmp_path):
    evaluate_loso(guesser(store), store, run_dir=tmp_path, folds=1)
    assert "95 % interval" not in read(write_report(tmp_path)).text


def test_several_runs(store, guesser, tmp_path):
    for name, validation in (("first", "subjects"), ("second", "test-subject")):
        evaluate_loso(
            guesser(store, settings={"name": f"net-{name}"}), store, run_dir=tmp_path / name,
            validation=validation,
        )  # fmt: skip
    path = write_report([tmp_path / "first", tmp_path / "second"])
    assert path == tmp_path / "first" / "comparison.html"
    page = read(path)
    assert page.tags.count("section") == 2
    assert {"#run-1", "#run-2"} <= set(page.addresses)
    table = page.text[: page.text.index("net-first on made")]
    for shown in ("2 runs compared", "first", "second OPTIMISTIC", "test-subject"):
        assert shown in table
    assert "not tested on the same clips" not in page.text
    evaluate_loso(guesser(store), store, run_dir=tmp_path / "part", folds=2)
    path = write_report([tmp_path / "first", tmp_path / "part"], tmp_path / "new" / "page.html")
    assert "not tested on the same clips" in read(path).text


def hostile(text='<img src="http://x.org/">"&\'$x_1$'):
    """A run all of whose names are markup."""
    classes = (text, f"{text} too")
    folds = tuple(
        FoldRecord(
            number, 0, f"{text}d", f"{text}{number}",
            (Prediction(f"{text}d", f"{text}{number}", f"{text}c", classes[0],
                        classes[number % 2], (0.9, 0.1), number, 0, 1),),
            failure=None if number else text,
            curves={"loss": [1.0, 0.5]},
        )
        for number in range(4)
    )  # fmt: skip
    settings = {
        "learner": {"name": text, "options": {text: text}, "recipe": {text: text}},
        "protocol": text, "validation": text, "seeds": [0], "folds": 4, "classes": list(classes),
        "store": {"digest": text, "path": text, "settings": {text: text}},
        "versions": {text: text}, "started": text,
    }  # fmt: skip
    return Run(settings, folds)


def test_names_are_no_markup(tmp_path):
    path = write_report(hostile(), tmp_path / "page.html")
    page = read(path)
    assert not [address for address in page.addresses if "x.org" in address]
    assert '<img src="http://x.org/">' in page.text
    several = read(write_report([hostile(), hostile()], tmp_path / "page.html"))
    assert not [address for address in several.addresses if "x.org" in address]


def test_many_folds_make_no_large_page(tmp_path):
    random = np.random.default_rng(0)
    folds = tuple(
        FoldRecord(
            number, 0, "d", f"s{number}",
            (Prediction("d", f"s{number}", "c", "a", "ab"[number % 2], (0.4, 0.6), number, 0, 1),),
            curves={"loss": random.uniform(0.1, 1, 800).tolist()},
        )
        for number in range(68)
    )  # fmt: skip
    settings = {"learner": {"name": "n"}, "seeds": [0], "folds": 68, "classes": ["a", "b"],
                "store": {"path": "gone"}, "validation": "none"}  # fmt: skip
    path = write_report(Run(settings, folds), tmp_path / "page.html")
    assert path.stat().st_size < 1_000_000
    assert "34 clips wrong, the 24 most confident mistakes first and alone" in read(path).text


def test_where_a_page_cannot_be_written(folder, tmp_path):
    with pytest.raises(InputError, match=r"ends in \.html"):
        write_report(folder, folder / "predictions.csv")
    with pytest.raises(InputError, match="at least one run"):
        write_report([])
    with pytest.raises(InputError, match="give output"):
        write_report(hostile())
    (tmp_path / "page.html").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        write_report(folder, tmp_path / "page.html")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_report(folder, tmp_path / "file" / "page.html")
    with pytest.raises(InputError, match="is no run folder"):
        write_report(tmp_path / "nowhere")


def test_a_full_disk_leaves_the_page_of_before_and_nothing_else(folder, monkeypatch):
    path = write_report(folder)
    before, files = path.read_bytes(), sorted(folder.iterdir())

    def full(file, text, **_):
        file.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(InputError, match=r"report.html cannot be written \(No space left"):
        write_report(folder)
    assert path.read_bytes() == before
    assert sorted(folder.iterdir()) == files
