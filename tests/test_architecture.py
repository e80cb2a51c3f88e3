"""Imports go one way, and light commands stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "dfrnet_keras"
# Which rooms a room may import: one way, no circles. `errors`, `cache`, `lazy`, `startup` and
# `atomic` are open to all; `tflite.runtime` is a room of its own, for it runs on devices.
ALLOWED: dict[str, set[str] | None] = {
    "errors": set(),
    "cache": set(),
    "lazy": set(),
    "startup": set(),
    "atomic": set(),
    # The arithmetic of the flow is written once, for NumPy and for keras.ops.
    "layers": {"features"},
    "features": set(),
    "frames": set(),
    "pipeline": set(),
    "models": {"layers", "features"},
    "datasets": {"frames", "features"},
    # The flow of a store may be computed by the layer.
    "store": {"features", "datasets", "frames", "models"},
    "prediction": {"features", "frames", "models"},
    "evaluation": {"store", "features", "datasets", "frames"},
    "learners": {
        "models",
        "layers",
        "evaluation",
        "store",
        "pipeline",
        "features",
        "datasets",
        "frames",
    },
    "report": {"evaluation", "store", "models"},
    "tflite.runtime": {"prediction", "features", "frames"},
    # compress fine-tunes on folds of a store; porting references hold drawn clips.
    "tflite": {
        "tflite.runtime",
        "models",
        "layers",
        "store",
        "pipeline",
        "evaluation",
        "datasets",
        "features",
        "frames",
        "prediction",
    },
    "paper": {"learners", "report", "tflite", "evaluation", "models", "store", "datasets"},
    "web": {"tflite", "tflite.runtime", "models", "features"},
    "cli": None,
}
# Installed inside the package; a checkout has links to them.
OUTSIDE = ("cli", "tflite", "web")
OPEN_TO_ALL = {"errors", "cache", "lazy", "startup", "atomic", "__version__"}


def _room(name: str) -> str | None:
    """The room that `dfrnet_keras.<room>...` names."""
    parts = name.split(".")
    if parts[0] != "dfrnet_keras" or len(parts) < 2:
        return None
    return "tflite.runtime" if parts[1:3] == ["tflite", "runtime"] else parts[1]


def _imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from dfrnet_keras import store` names a room; so may each name.
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            pytest.fail(f"{file} has a relative import: write it in full.")
    return found


def _files() -> dict[str, Path]:
    """Every module of the package by its name."""
    files = {}
    for root, prefix in ((PACKAGE, ()), *((ROOT / name, (name,)) for name in OUTSIDE)):
        for file in sorted(root.rglob("*.py")):
            parts = (*prefix, *file.relative_to(root).with_suffix("").parts)
            if (root == PACKAGE and parts[0] in OUTSIDE) or "node_modules" in parts:
                continue  # by way of the links of a checkout
            if parts[-1] == "__init__":
                parts = parts[:-1]
            files[".".join(("dfrnet_keras", *parts))] = file
    return files


def _rooms() -> list[tuple[str, Path]]:
    return [(room, file) for name, file in _files().items() if (room := _room(name))]


def test_every_room_imports_only_what_it_may() -> None:
    rooms = _rooms()
    assert {room for room, _ in rooms} == set(ALLOWED)
    wrong = []
    for room, file in rooms:
        allowed = ALLOWED[room]
        for name in _imports(file):
            other = _room(name)
            if other in (None, room) or other in OPEN_TO_ALL or allowed is None:
                continue
            if other == "tflite" and room == "tflite.runtime" and name == "dfrnet_keras.tflite":
                continue
            if other not in allowed:
                wrong.append(f"{file.relative_to(ROOT)} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_rooms_and_modules_import_without_circles() -> None:
    # Imports for type checkers and inside functions count: a circle of any kind is one room
    # that is cut in two.
    files = _files()
    graph = {}
    for name, file in files.items():
        graph[name] = set()
        for imported in _imports(file):
            while imported and imported not in files:
                imported = imported.rpartition(".")[0]
            # A package's `__init__` imports its modules; a module that imports a sibling by its
            # full name imports no more than that sibling.
            if imported and imported not in (name, "dfrnet_keras"):
                graph[name].add(imported)
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_file_is_longer_than_a_room() -> None:
    lengths = {
        file.relative_to(ROOT): len(file.read_text().splitlines())
        for folder in ("dfrnet_keras", "cli", "tflite", "web", "tests", "benchmarks", "examples")
        for file in (ROOT / folder).rglob("*.py")
        if "node_modules" not in file.parts
    }
    pages = {
        file.relative_to(ROOT): len(file.read_text().splitlines())
        for folder in ("page", "tests")
        for kind in ("*.js", "*.mjs", "*.css", "*.html")
        for file in (ROOT / "web" / folder).glob(kind)
    }
    lengths |= pages
    assert not {str(file): lines for file, lines in lengths.items() if lines > 300}
    product = sum(len(file.read_text().splitlines()) for file in _files().values())
    # 20,000 were the aim for what there was before flow in the network, presets, spotting,
    # landmarks, further networks and datasets: what comes in should be worth what goes out.
    assert product <= 34_346
    assert len(list((PACKAGE / "evaluation").glob("*.py"))) <= 12


def test_the_runtime_needs_only_features_and_frames() -> None:
    files = _files()
    waiting, seen = (
        ["dfrnet_keras.tflite.runtime.predictor", "dfrnet_keras.tflite.runtime.command"],
        set(),
    )
    light = {"tflite.runtime", "prediction", "features", "frames", "errors", "__version__"}
    light |= {"startup"}  # of which it uses what hides lines
    while waiting:
        module = waiting.pop()
        seen.add(module)
        for name in _imports(files[module]):
            if _room(name) is None:
                continue
            assert _room(name) in light, f"{module} imports {name}"
            while name not in files:
                name = name.rpartition(".")[0]
            if name not in seen | {"dfrnet_keras"}:
                waiting.append(name)
    assert "dfrnet_keras.prediction.clip_predictor" in seen
    assert "dfrnet_keras.prediction.keras_predictor" not in seen


def test_tf_keras_is_never_used_by_way_of_tensorflow() -> None:
    for _, file in _rooms():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "keras":
                owner = node.value
                assert not (isinstance(owner, ast.Name) and owner.id in ("tf", "tensorflow")), file


@pytest.mark.parametrize("module", ["dfrnet_keras.cli.main", "dfrnet_keras.evaluation.run_folder",
                                    "dfrnet_keras.features", "dfrnet_keras.datasets",
                                    "dfrnet_keras.store", "dfrnet_keras.learners.make",
                                    "dfrnet_keras.learners.kernel",
                                    "dfrnet_keras.models.kernel_machines",
                                    "dfrnet_keras.models.recipe",
                                    "dfrnet_keras.paper.tables",
                                    "dfrnet_keras.cli.reproduce"])  # fmt: skip
def test_light_modules_load_neither_keras_nor_tensorflow(module: str) -> None:
    code = (
        f"import sys, {module}\n"
        "heavy = {'keras', 'tensorflow', 'tf_keras', 'jax', 'torch'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_help_loads_only_click_and_names_every_command() -> None:
    code = (
        "import sys\n"
        "from dfrnet_keras.cli.main import dfr_keras\n"
        "dfr_keras(['--help'], standalone_mode=False)\n"
        "print(sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = set(ast.literal_eval(done.stdout.splitlines()[-1]))
    assert not {"numpy", "cv2", "keras", "tensorflow", "rich", "matplotlib", "sklearn"} & loaded


def test_every_command_is_documented() -> None:
    from click.testing import CliRunner

    from dfrnet_keras.cli.main import _COMMANDS, dfr_keras

    for name in _COMMANDS:
        result = CliRunner().invoke(dfr_keras, [name, "--help"])
        assert result.exit_code == 0, result.output
        assert "Usage:" in result.output
        body = result.output.split("Options:")[0].split("\n", 2)[2]
        assert len(body.strip()) > 20, f"{name} has no description"
    readme = (ROOT / "README.md").read_text()
    for name in _COMMANDS:
        assert f"dfr-keras {name}" in readme, f"the README does not mention dfr-keras {name}"
