"""The clips that a run got wrong, with what the network was shown of them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.run import Prediction, Run
from dfrnet_keras.report.pictures import MapColors

if TYPE_CHECKING:
    from dfrnet_keras.store import FeatureStore


def gallery(run: Run, limit: int) -> str:
    """HTML of the most confident mistakes, with the maps of their clips where they can be had.

    Args:
        run: The run.
        limit: Show so many clips at most.
    """
    wrong: dict[tuple[str, str, str], list[Prediction]] = {}
    for row in run.predictions:
        if row.label != row.predicted:
            wrong.setdefault((row.dataset, row.subject, row.clip), []).append(row)
    if not wrong:
        return "<p>Not one clip is wrong.</p>"
    ranked = sorted(
        (max(rows, key=lambda row: max(row.probabilities)) for rows in wrong.values()),
        key=lambda row: max(row.probabilities),
        reverse=True,
    )[:limit]
    clips = f"{len(wrong)} clip{'' if len(wrong) == 1 else 's'}"
    words = f"{clips} wrong" + (" under one seed or more" if len(run.seeds) > 1 else "")
    if len(ranked) < len(wrong):
        words += f", the {len(ranked)} most confident mistakes first and alone"
    elif len(ranked) > 1:
        words += ", the most confident mistakes first"
    parts = [f"<p>{words}.</p>"]
    store, reason = _store(run)
    pictures: list[list[tuple[str, str]]] = [[] for _ in ranked]
    if store is None:
        parts.append(f'<p class="soft">{escape(reason)}</p>')
    else:
        place = {(row.dataset, row.subject, row.name): i for i, row in enumerate(store.rows)}
        maps = store.take([place[row.dataset, row.subject, row.clip] for row in ranked])
        colors = MapColors(maps, store.flow_range)
        pictures = [colors.pictures(maps, number) for number in range(len(ranked))]
        parts.append(f'<figure class="row">{colors.key()}</figure>')
        if store.flow_range == "bytes":
            parts.append(
                '<p class="soft">Each flow map was scaled to 0..255 by its own least and largest '
                "value when it was made: colours tell where, not how much.</p>"
            )
    for row, shown in zip(ranked, pictures, strict=True):
        parts.append(_card(run, row, len(wrong[row.dataset, row.subject, row.clip]), shown))
    return "\n".join(parts)


def _card(run: Run, row: Prediction, times: int, pictures: list[tuple[str, str]]) -> str:
    chances = ", ".join(
        f"{escape(name)} {chance:.2f}"
        for name, chance in zip(run.classes, row.probabilities, strict=True)
    )
    seeds = ""
    if len(run.seeds) > 1:
        seeds = f" · wrong under {times} of {len(run.seeds)} seeds, seed {row.seed} shown"
    figures = "".join(
        f"<figure>{picture}<figcaption>{escape(name)}</figcaption></figure>"
        for name, picture in pictures
    )
    clip = f"{row.dataset} / {row.subject} / {row.clip}"
    return (
        f'<div class="card"><div class="words"><p><strong>{escape(clip)}</strong></p>'
        f'<p>is <span class="true">{escape(row.label)}</span>, was taken for '
        f'<span class="wrong">{escape(row.predicted)}</span> with '
        f"{max(row.probabilities):.2f}</p>"
        f'<p class="soft">{chances}{seeds}</p></div>'
        + (f'<div class="maps">{figures}</div>' if figures else "")
        + "</div>"
    )


def _store(run: Run) -> tuple[FeatureStore | None, str]:
    """The store that the run was made from, or the reason why its maps are not shown."""
    from dfrnet_keras.store import FeatureStore

    about = run.settings["store"]
    try:
        store = FeatureStore.open(str(about.get("path", "")))
    except (InputError, OSError):
        return None, f"The feature store is no longer at {about.get('path')}: no maps are shown."
    if store.digest != about.get("digest"):
        return None, f"The feature store at {store.path} is another one by now: no maps are shown."
    return store, ""
