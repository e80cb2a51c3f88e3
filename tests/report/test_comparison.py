import base64
import html
import json
import re
from typing import NamedTuple

import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import evaluate_loso, open_run
from dfrnet_keras.evaluation.comparison import compare_runs
from dfrnet_keras.evaluation.run import FoldRecord
from dfrnet_keras.report import write_report
from dfrnet_keras.report.comparison import between
from dfrnet_keras.report.costs import Costs, count_networks, network_key, read_latencies
from dfrnet_keras.report.losses import convergence_picture
from dfrnet_keras.report.plots import CostPoint, cost_picture, subjects_picture
from dfrnet_keras.report.sections import section_of


class Row(NamedTuple):
    method: str
    full: tuple
    smic: tuple
    source: str
    note: str = ""


@pytest.fixture
def folders(make_store, guesser, tmp_path):
    """Three runs over two datasets; the third is optimistic."""
    store = make_store(subjects=8, datasets=("casme2", "smic"))
    found = []
    for seed, validation in enumerate(("none", "none", "test-subject")):
        name = f"net-{seed}"
        learner = guesser(store, settings={"name": name})
        evaluate_loso(
            learner, store, run_dir=tmp_path / name, seed=[seed, seed + 7], validation=validation
        )
        found.append(tmp_path / name)
    return found


def text_of(path):
    """The words of a page without its tags, and those in its pictures."""
    content = path.read_text(encoding="utf-8")
    pictures = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", content)
    drawn = " ".join(base64.b64decode(picture).decode() for picture in pictures)
    words = html.unescape(re.sub(r"<[^>]+>", " ", content))
    return " ".join(words.split()), drawn


def above(path):
    """What stands before the first single run."""
    content = path.read_text(encoding="utf-8")
    head = content[: content.index('<section class="run')]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", head)).split())


def test_tests_matrices_and_subjects_are_there(folders):
    path = write_report(folders)
    shown = above(path)
    pairs = compare_runs(folders)
    for pair in pairs:
        assert f"{pair.uf1.difference:+.4f}" in shown
        p = pair.corrected["mcnemar"]
        words = f"p = {p:.3f} {pair.mcnemar.first_only} : {pair.mcnemar.second_only} clips"
        assert words in shown
        assert f"{pair.first} against {pair.second}" in shown
    assert "p corrected by Holm over 2 pairs" in shown
    head = path.read_text().split('<section class="run')[0]
    assert head.count('alt="Confusion matrix: ') == 3
    assert "net-2 24 clips, summed over seeds OPTIMISTIC" in shown
    assert "a difference means nothing" in shown
    figures = [open_run(folder).metrics() for folder in folders]
    for metrics in figures:
        part = metrics["datasets"]["smic"]
        assert f"{part['uf1']:.4f} {part['uar']:.4f}" in shown
    right = [
        {(one["dataset"], one["subject"]): one["right"] for one in metrics["subjects"]}
        for metrics in figures
    ]
    gained = [right[0][person] - right[1][person] for person in right[0]]
    more, fewer = (sum(g for g in gained if g > 0), -sum(g for g in gained if g < 0))
    assert f"{more:.4g} clips more right on" in shown
    assert f"{fewer:.4g} fewer on" in shown


def test_published_rows_are_marked_and_not_tested(folders):
    rows = [
        Row("Ours", (0.7657, 0.7295), (0.6579, 0.6422), "the paper, Table 2"),
        Row("<b>Old</b>", (0.5, 0.4), (0.3, 0.2), "a paper", "cannot be right"),
    ]
    shown = above(write_report(folders, published=rows))
    assert "DFR-Net, its authors published 0.7657 0.7295 0.6579 0.6422" in shown
    assert "<b>Old</b> published 0.5000 0.4000 0.3000 0.2000" in shown
    assert "measured here: net-0" in shown
    assert "<b>Old</b>: a paper. cannot be right" in shown
    assert "against <b>Old</b>" not in shown
    with pytest.raises(InputError, match="give more runs"):
        write_report(folders[0], published=rows)


def test_accuracy_against_latency(folders, tmp_path):
    file = tmp_path / "latency.json"
    file.write_text(json.dumps({"net-0": 1.5, str(folders[1]): 40}))
    path = write_report(folders, latency=file)
    words, _ = text_of(path)
    assert "UF1 with its 95 % interval over subjects, against latency in ms, as given" in words
    assert "Not on it, for want of that figure: net-2." in words
    assert re.search(r"net-0 0\.\d{4} 0\.\d{4} 1\.5 3 8 ", words)  # latency, epoch, seconds
    assert re.search(r"net-1 0\.\d{4} 0\.\d{4} 40 3 8 ", words)
    assert re.search(r"net-2 0\.\d{4} 0\.\d{4} 3 8 ", words)
    assert "How soon each learned" in words
    points = base64.b64decode(
        re.search(r'alt="UF1 against [^"]*" src="data:image/svg\+xml;base64,([^"]+)',
                  path.read_text()).group(1)).decode()  # fmt: skip
    assert "net-0" in points
    assert "net-2" not in points
    assert f"--latency {file}" in words


def test_latencies_of_benchmark(folders, tmp_path):
    runs = [open_run(folder) for folder in folders]
    timings = [
        {"name": str(folders[0] / "model.tflite"), "threads": 2, "median": 1.0},
        {"name": str(folders[0] / "model.tflite"), "threads": 1, "median": 2.0},
        {"name": str(folders[0] / "model-int8.tflite"), "threads": 1, "median": 0.5},
        {"name": "elsewhere.tflite", "threads": 1, "median": 9.0},
    ]
    file = tmp_path / "benchmark.json"
    file.write_text(json.dumps({"machine": {"processor": "a processor"}, "timings": timings}))
    found, words = read_latencies(file, runs, ["a", "b", "c"])
    assert found == {0: 2.0}
    assert words == "latency in ms, median, 1 thread, a processor"
    file.write_text(json.dumps({"timings": timings[3:]}))
    with pytest.raises(InputError, match=r"elsewhere.tflite, which lies in the folder of none"):
        read_latencies(file, runs, ["a", "b", "c"])


def test_latencies_that_reproduce_measured(make_store, guesser, tmp_path):
    store = make_store()
    runs = [
        evaluate_loso(guesser(store, settings=one), store)
        for one in (
            {"name": "ststnet", "options": {}},
            {"name": "dfrnet", "options": {"features": "TSD", "stages": 1}},
            {"name": "dfrnet", "options": {"features": "T"}},
            {"name": "svm"},
        )
    ]
    names = ["a", "b", "c", "d"]

    def sitting(threads, **networks):
        by_key = {
            "ststnet": network_key("ststnet", {}),
            "one": network_key("dfrnet", {"stages": 1}),
        }
        return {
            "machine": {"processor": "P"}, "threads": threads, "runs": 100,
            "networks": {by_key[name]: {"tflite_milliseconds": time, "keras_milliseconds": 9.0}
                         for name, time in networks.items()},
        }  # fmt: skip

    # The latest that timed the most of the runs: never times of two sittings beside each other.
    sittings = [sitting(1, ststnet=3.0, one=7.0), sitting(2, ststnet=1.0, one=2.0),
                sitting(4, ststnet=0.5)]  # fmt: skip
    (tmp_path / "latencies.json").write_text(json.dumps({"sittings": sittings}))
    for path in (tmp_path, tmp_path / "latencies.json"):
        found, words = read_latencies(path, runs, names)
        assert found == {0: 1.0, 1: 2.0}
        assert "float32 .tflite" in words
        assert "mean of 100 runs, 2 threads, P" in words
    with pytest.raises(InputError, match="times the network of none of the runs"):
        read_latencies(tmp_path, runs[2:], names[2:])
    (tmp_path / "latencies.json").write_text('{"sittings": [{}]}')
    with pytest.raises(InputError, match="holds no latencies"):
        read_latencies(tmp_path, runs, names)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "holds no latencies"),
        ("{}", "holds no latencies"),
        ('{"timings": [3]}', "holds no latencies"),
        ('{"net-0": "fast"}', "latency of 'net-0' is 'fast'"),
        ('{"net-0": 0}', "latency of 'net-0' is 0"),
        ('{"net-0": NaN}', "latency of 'net-0' is nan"),
        ('{"other": 3}', r"'other', which is none of the runs \(net-0, net-1, net-2\)"),
    ],
)
def test_bad_latencies_are_one_sentence(folders, tmp_path, content, message):
    file = tmp_path / "latency.json"
    file.write_text(content)
    with pytest.raises(InputError, match=message):
        write_report(folders, latency=file)


def test_runs_that_cannot_be_tested_are_shown_all_the_same(folders, store, guesser, tmp_path):
    evaluate_loso(guesser(store), store, run_dir=tmp_path / "other")
    shown = above(write_report([folders[0], tmp_path / "other"]))
    assert "NOT COMPARED" in shown
    assert "their protocol differ" in shown
    assert "The protocols differ" in shown
    assert "Subject by subject" not in shown


def test_multiply_accumulates_of_networks(make_store, guesser):
    from dfrnet_keras.models import build_model, count

    store = make_store(size=28)
    settings = {"name": "ststnet", "options": {}, "recipe": {"epochs": 1}}
    runs = [
        evaluate_loso(guesser(store, settings=one), store)
        for one in (settings, {"name": "svm"}, {**settings, "options": {"no": 1}})
    ]
    found = count_networks(runs)
    network = build_model("ststnet", input_size=28, classes=3)
    assert found == {0: count(network)}
    drawn, words = Costs(found).drawn
    assert drawn == {0: count(network).macs / 1e6}
    assert "millions" in words
    figures = [run.metrics() for run in runs]
    sections = [section_of(run, name, place, 1) for place, (run, name) in
                enumerate(zip(runs, "abc", strict=True), 1)]  # fmt: skip
    rows = between(sections, Costs(found))["cost_rows"]
    scores = [[f"{one['uf1']:.4f}", f"{one['uar']:.4f}"] for one in figures]
    # Five folds of half a second.
    assert rows[0] == ["a", *scores[0], "1,683", "0.39 M", "3", "2.5"]
    assert rows[1] == ["b", *scores[1], "", "", "3", "2.5"]


def test_losses_beside_each_other():
    def fold(loss, epoch, validation=()):
        return FoldRecord(0, 0, "d", "s", (), epoch=epoch,
                          curves={"loss": loss, "validation_loss": list(validation)})  # fmt: skip

    slow = [fold([4.0, 3.0, 2.0], 3), fold([8.0, 8.0, 8.0], 3)]
    quick = [fold([1.0, 0.1], 2, [0.5, 0.25])]
    picture = convergence_picture({"slow": slow, "quick $1$": quick, "machine": []})
    (drawn,) = re.findall(r"base64,([^\"]+)", picture)
    words = base64.b64decode(drawn).decode()
    assert "training loss" in words
    assert "validation loss" in words
    assert "slow" in words
    assert "machine" not in words
    assert "2 runs, validation loss: quick $1$ 0.5 after 2" in picture
    assert "slow 0.75 after 3" in convergence_picture({"slow": slow})  # of 0.5 and 1
    assert convergence_picture({"machine": [fold([], 0)]}) == ""
    odd = [fold([float("nan"), 1.0], 1), fold([0.0], 1), fold([2.0, float("inf")], 2)]
    assert "odd" in convergence_picture({"odd": odd, "long": [fold([1.0] * 40, 40)]})


def test_pictures_of_hostile_names():
    points = [
        CostPoint("$a_1$ <b>", 3.0, 0.5, (0.4, 0.6), False),
        CostPoint("x" * 60, 3.0, 0.7, (None, None), True),
    ]
    for picture in (cost_picture(points, "ms"), subjects_picture([("<b>", 0.0, 3)])):
        assert picture.startswith("<img alt=")
        assert "<b>" not in picture
