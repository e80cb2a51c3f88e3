"""Pages of tables that were counted alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from dfrnet_keras.paper import Effort, reproduce, write_page
from dfrnet_keras.paper.published import PUBLISHED


@pytest.mark.parametrize(("what", "dense"), [("table2", True), ("table6", False)])
def test_every_printed_figure_stands_on_the_page_and_many_columns_are_set_small(
    what: str, dense: bool, tmp_path: Path
) -> None:
    table = reproduce(what, None, Effort(training=False, latency=False))
    content = write_page([table], tmp_path / "page.html").read_text()
    for row in PUBLISHED[what].values():
        for figure in (*row.full, *row.smic, *row.casme2, *row.samm):
            assert f">{figure:.4f}<" in content
    assert ('<table class="dense">' in content) == dense
    assert "How soon each learned" not in content
