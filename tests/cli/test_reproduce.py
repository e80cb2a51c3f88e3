import json

from dfrnet_keras.cli.reproduce import reproduce


def test_structure_alone_as_json_and_as_files(run, tmp_path):
    files = [tmp_path / name for name in ("t.csv", "t.md", "t.tex", "t.html")]
    result = run(
        reproduce, "table7", "--no-latency", "--no-training", "--json",
        "--run-dir", tmp_path / "runs", "--csv", files[0], "--markdown", files[1],
        "--latex", files[2], "--html", files[3],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["rows"]
    assert [row["parameters"] for row in rows] == [3_273_408, 3_296_452]
    assert [row["thop_macs"] for row in rows] == [2_229_129_088, 2_230_660_688]
    assert [row["paper"]["parameters"] for row in rows] == [3_273_000, 3_296_000]
    assert [row["counted_with"]["classes"] for row in rows] == [1000, 1000]
    assert all(file.stat().st_size for file in files)
    assert "3.296 M" in files[3].read_text()


def test_several_go_on_where_one_cannot_be_run(run, flow_store, tmp_path):
    result = run(
        reproduce, "table1", "figure6", "--store", flow_store.path, "--folds", "1",
        "--epochs", "1", "--run-dir", tmp_path, "--html", tmp_path / "page.html",
    )  # fmt: skip
    assert result.exit_code == 1, result.output
    assert result.stderr.splitlines()[-1] == "Could not be run: figure6; the reasons stand above."
    assert "164" in result.stdout
    assert "Not run" in result.stdout
    assert f"Written: {tmp_path / 'page.html'}" in result.stdout
    assert "does not have the maps apex and difference" in (tmp_path / "page.html").read_text()


def test_it_fails_where_none_of_several_can_be_run(run, flow_store, tmp_path):
    result = run(reproduce, "table3", "figure6", "--store", flow_store.path, "--run-dir", tmp_path)
    assert result.exit_code == 1
    assert result.stdout.count("Not run: ") == 2


def test_bad_input_is_one_sentence(error, flow_store):
    assert "use one of table1" in error("reproduce", "table10")
    said = error("reproduce", "table4", "--store", flow_store.path)
    assert "does not have the maps apex and difference that table4 needs" in said
    assert "table10 is no table" in error("reproduce", "all", "table10")


def test_files_that_cannot_be_written_are_refused_first(error, tmp_path, monkeypatch):
    monkeypatch.setattr("dfrnet_keras.cli.reproduce._results", lambda *_, **__: 1 / 0)
    file = tmp_path / "file"
    file.touch()
    assert "ends in .html" in error("reproduce", "table1", "--out", "page.txt")
    assert f"{tmp_path} is a folder" in error("reproduce", "table1", "--csv", tmp_path)
    for arguments in (("--latex", file / "rows.tex"), ("--run-dir", file / "runs" / "more")):
        said = error("reproduce", "table1", *arguments)
        assert f"{file}/" in said
        assert "cannot be written (Not a directory)" in said
