"""Imports go one way, and light commands stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "dfrnet_keras"
STORE = {
    "store",
    "feature_store",
    "store_files",
    "preparation",
    "unfinished",
    "clip_maps",
    "gallery",
}
FRAMES = {"frames", "frame_files"}
# Which rooms a room may import; `errors` and `cache` are open to all.
ALLOWED = {
    "errors": set(),
    "cache": set(),
    # The arithmetic of the flow is written once, for NumPy and for keras.ops.
    "layers": {"features"},
    "features": set(),
    "damage": set(),
    "startup": set(),
    "frame_files": set(),
    "frames": {"damage", "frame_files"},
    "datasets": FRAMES | {"features"},
    "models": {"layers", "features"},
    **{room: STORE | {"features", "datasets"} | FRAMES for room in STORE},
    "pipeline": STORE,
    "apex_errors": STORE | {"features", "datasets"} | FRAMES,
    "clip_predictor": FRAMES | {"features"},
    "prediction": FRAMES | {"clip_predictor", "features", "models"},
    # LBP-TOP looks at the frames of whole clips.
    "evaluation": STORE
    | FRAMES
    | {"models", "pipeline", "layers", "features", "datasets", "startup"},
    # compress fine-tunes and judges on folds of a store; golden folders hold drawn clips.
    "tflite": STORE
    | FRAMES
    | {"models", "pipeline", "features", "layers", "datasets", "evaluation", "clip_predictor"},
    "published": set(),
    "experiments": set(),
    "reproduction": STORE
    | {"experiments", "published", "evaluation", "models", "tflite", "datasets", "startup"},
    "cli": None,
}


def _room(name: str) -> str | None:
    """The room that `dfrnet_keras.<room>...` names."""
    parts = name.split(".")
    return parts[1] if parts[0] == "dfrnet_keras" and len(parts) > 1 else None


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


def _rooms() -> list[tuple[str, Path]]:
    files = []
    for file in sorted(PACKAGE.rglob("*.py")):
        room = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room != "__init__":
            files.append((room, file))
    for room in ("cli", "tflite"):
        files += [(room, file) for file in sorted((ROOT / room).rglob("*.py"))]
    return files


def test_every_room_imports_only_what_it_may() -> None:
    rooms = _rooms()
    assert {"layers", "models", "features", "datasets", "evaluation", "cli"} <= {
        r for r, _ in rooms
    }
    wrong = []
    for room, file in rooms:
        assert room in ALLOWED, f"{file} is in a room that this test does not know"
        allowed = ALLOWED[room]
        for name in _imports(file):
            other = _room(name)
            if other in (None, room, "errors", "cache", "__version__") or allowed is None:
                continue
            if other not in allowed:
                wrong.append(f"{file.relative_to(ROOT)} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_the_runtime_needs_only_features_and_frames() -> None:
    waiting, seen = [ROOT / "tflite" / "runtime.py"], set()
    while waiting:
        file = waiting.pop()
        seen.add(file)
        for name in _imports(file):
            parts = name.split(".")
            if parts[:2] == ["dfrnet_keras", "tflite"]:
                other = ROOT / "tflite" / f"{parts[2]}.py"
                if other.is_file() and other not in seen:
                    waiting.append(other)
            else:
                light = FRAMES | {None, "clip_predictor", "features", "errors", "__version__"}
                assert _room(name) in light, name
    assert len(seen) >= 2


def test_tf_keras_is_never_used_by_way_of_tensorflow() -> None:
    for _, file in _rooms():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "keras":
                owner = node.value
                assert not (isinstance(owner, ast.Name) and owner.id in ("tf", "tensorflow")), file


@pytest.mark.parametrize("module", ["dfrnet_keras.cli.main", "dfrnet_keras.evaluation.run_folder",
                                    "dfrnet_keras.features", "dfrnet_keras.datasets",
                                    "dfrnet_keras.store", "dfrnet_keras.evaluation.learners",
                                    "dfrnet_keras.evaluation.kernel_learning",
                                    "dfrnet_keras.models.kernel_machines",
                                    "dfrnet_keras.models.recipe",
                                    "dfrnet_keras.reproduction.tables",
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
