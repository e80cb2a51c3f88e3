"""The documentation site: the pages of this folder, and an API reference from the docstrings.

`make docs` builds it, with every warning an error. Pages need not be registered: one that is in no
part of `NAVIGATION` comes under "More", and one that is named there and missing is passed over.
"""

from __future__ import annotations

import configparser
import inspect
import re
from importlib import import_module
from pathlib import Path
from textwrap import indent
from typing import Any

import click

from dfrnet_keras import __version__

HERE = Path(__file__).parent
ROOT = HERE.parent

NAVIGATION = {
    "Start": ["researcher", "keras-user", "device"],
    "How it works": ["maps", "faces", "flow", "protocol", "presets", "spotting", "web"],
    "Results": ["results", "baselines", "paper", "experiments"],
    "Tasks": ["tutorials", "datasets", "compare", "cluster", "accelerator", "deployment"],
    "Reference": ["api/commands", "api", "model-cards", "limits"],
    "The project": ["changelog", "contributing", "house", "releasing"],
}

project = "dfrnet_keras"
author = "the authors of dfrnet_keras"
copyright = author  # no year: the same pages whenever they are built
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = f"{project} {release}"
html_show_copyright = False
html_static_path: list[str] = []
html_theme_options = {"top_of_page_buttons": []}
copybutton_exclude = ".linenos, .gp, .go"

myst_heading_anchors = 3
default_role = "py:obj"  # a name in backticks leads to its entry where there is one
suppress_warnings = ["ref.python"]  # and to one of them where several classes have it
autodoc_default_options = {"members": True}
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True  # attributes stand in the text of their class
napoleon_custom_sections = [
    ("Call arguments", "params_style"),
    "Input shape",
    "Output shape",
    "Reference",
]


def packages() -> list[str]:
    """The packages with public names, in the order of setup.cfg."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    names = config["options"]["packages"].split()
    return [name for name in names if getattr(import_module(name), "__all__", ())]


def write_api(_: Any = None) -> None:
    """Write a page for each package with public names, for the commands' help, for each card."""
    folder = HERE / "api"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    seen: set[int] = set()
    for package in packages():
        module = import_module(package)
        about, _, more = (module.__doc__ or "").strip().partition("\n\n")
        lines = [f"# `{package}`", "", about, "", more, ""]
        for name in sorted(module.__all__):
            value = getattr(module, name)
            lines += ["```{eval-rst}", *_entry(package, name, value, seen), "```", ""]
        (folder / f"{package}.md").write_text("\n".join(lines))
    (folder / "commands.md").write_text(_commands())
    for card in sorted((ROOT / "dfrnet_keras/models/presets").glob("*/card.md")):
        _, _, text = card.read_text().partition("\n")  # without its own title
        (folder / f"card-{card.parent.name}.md").write_text(
            f"# Preset `{card.parent.name}`\n{text}"
        )


def _entry(package: str, name: str, value: Any, seen: set[int]) -> list[str]:
    if not inspect.isroutine(value) and not inspect.isclass(value):
        return [f".. py:data:: {package}.{name}", f"   :value: {' '.join(repr(value).split())}"]
    kind = "class" if inspect.isclass(value) else "function"
    # The same object under a second name, at the top of the package for instance.
    again = ["   :no-index:"] if id(value) in seen else []
    seen.add(id(value))
    return [f".. auto{kind}:: {package}.{name}", *again]


def _commands() -> str:
    from dfrnet_keras.cli.main import dfr_keras

    parts = ["# Help of every command", ""]

    def add(command: click.Command, parent: click.Context | None, name: str) -> None:
        context = click.Context(command, parent=parent, info_name=name, terminal_width=100)
        path = context.command_path
        parts.extend([f"## `{path}`", "", "```text", command.get_help(context).rstrip(), "```", ""])
        if isinstance(command, click.Group):
            for child in command.list_commands(context):
                found = command.get_command(context, child)
                assert found is not None
                add(found, context, child)

    add(dfr_keras, None, "dfr-keras")
    return "\n".join(parts)


def add_navigation(_: Any, page: str, source: list[str]) -> None:
    """Append the table of contents to the first page; lead links to the README to its page."""
    source[0] = source[0].replace("](../README.md", "](index.md")
    if page != "index":
        return
    listed = {name for names in NAVIGATION.values() for name in names}
    others = {file.stem for file in HERE.glob("*.md")} - listed - {"index"}
    for title, names in {**NAVIGATION, "More": sorted(others)}.items():
        found = [name for name in names if (HERE / f"{name}.md").is_file()]
        if found:
            body = "\n".join(found)
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{body}\n```\n"


def to_restructured_text(
    _: Any, what: str, name: str, value: Any, options: Any, lines: list[str]
) -> None:
    """Docstrings are written in plain text with the links and code blocks of Markdown."""
    text = re.sub(
        r"```(\w+)\n(.*?)```",
        lambda found: f".. code-block:: {found[1]}\n\n" + indent(found[2], "   "),
        "\n".join(lines),
        flags=re.S,
    )
    text = re.sub(r"\|(\w+)\|", r"\|\1\|", text)  # |u| is a size here, no substitution
    text = re.sub(r"\[([^\]]+)\]\((https?://[^)]+)\)", r"`\1 <\2>`__", text)
    lines[:] = text.split("\n")


def setup(app: Any) -> None:
    app.connect("builder-inited", write_api)
    app.connect("source-read", add_navigation)
    app.connect("autodoc-process-docstring", to_restructured_text, priority=400)
