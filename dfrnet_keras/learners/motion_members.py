"""Members of `MotionDFRNet`, trained on drawn motion.

No real clip trains them, so all folds share them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.atomic import whole_file
from dfrnet_keras.cache import cache_folder
from dfrnet_keras.startup import seeded

if TYPE_CHECKING:
    import keras

    from dfrnet_keras.datasets.synthetic.flow import FaceLayout
    from dfrnet_keras.models.recipe import BestRecipe

# Raised when drawing or training change, so that members of an earlier revision are not taken.
_REVISION = 1
_WARM_UP = 0.2  # share of the steps in which the learning rate rises


def trained_members(
    recipe: BestRecipe,
    layout: FaceLayout,
    seed: int,
    on_progress: Callable[[int, int], None] = lambda done, members: None,
) -> list[keras.Model]:
    """The members of one seed, trained where they are not in the cache yet.

    They are kept under `$DFR_KERAS_HOME/members`, by default under `~/.cache/dfr-keras`, as the
    same drawn clips would give the same networks again.

    Args:
        recipe: How many, and how they are trained.
        layout: Where faces lie in the maps that they take.
        seed: Of weights and drawn clips; each member has its own.
        on_progress: Called with how many members are ready, and how many there will be.
    """
    import keras
    from filelock import FileLock, Timeout

    import dfrnet_keras.layers  # noqa: F401 - registers the layers that the files name

    paths = [_path(recipe, layout, seed, number) for number in range(recipe.members)]
    # What another process is training is waited for in the second round.
    for patience in (0, -1):
        for number, path in enumerate(paths):
            on_progress(sum(other.is_file() for other in paths), len(paths))
            try:
                with FileLock(f"{path}.lock", timeout=patience):
                    if not path.is_file():
                        with whole_file(path) as partial:
                            train_member(recipe, layout, seed, number).save(partial)
            except Timeout:
                continue
    on_progress(len(paths), len(paths))
    return [keras.saving.load_model(path, safe_mode=True) for path in paths]


def _path(recipe: BestRecipe, layout: FaceLayout, seed: int, number: int) -> Path:
    identity = [_REVISION, recipe.drawing(), layout.as_dict(), seed, number, _machinery()]
    digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]
    path = cache_folder("members") / f"{digest}.keras"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def train_member(recipe: BestRecipe, layout: FaceLayout, seed: int, number: int) -> keras.Model:
    """Train one member on clips drawn for it alone.

    Args:
        recipe: Clips, epochs, batch size and learning rate.
        layout: Where faces lie.
        seed, number: Of the run and of the member: together they decide weights and clips.

    Returns:
        What `motion_member` makes, trained, not compiled.
    """
    import keras

    from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
    from dfrnet_keras.datasets.synthetic.flow import draw_motion
    from dfrnet_keras.models.motion_dfrnet import SIDE, motion_member

    drawn, order = (int(n >> 1) for n in np.random.SeedSequence([seed, number]).generate_state(2))
    flow, labels = draw_motion(recipe.drawn_clips, seed=drawn, layout=layout, size=SIDE)
    views = both_views(flow)
    with seeded(order):
        member = motion_member(len(MEGC2019_CLASSES), number)
    plan = len(labels), recipe.batch_size, recipe.drawn_epochs
    member.compile(
        optimizer=drawn_optimizer(recipe.learning_rate, *plan),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    for batch, mirrored in drawn_batches(*plan, np.random.default_rng(order)):
        maps = np.where(mirrored[..., None, None], views[1][batch], views[0][batch])
        member.train_on_batch(maps, labels[batch])
    # Without what it was compiled with, of which its file would keep a part.
    return keras.Model(member.input, member.output, name=member.name)


def both_views(flow: Any) -> list[NDArray[np.float32]]:
    """Relative motion of flow maps `(n, 28, 28, 3)`, and its mirror image."""
    from dfrnet_keras.layers import MirroredMotion, RelativeMotion

    motion = RelativeMotion()(flow)
    return [np.array(motion), np.array(MirroredMotion()(motion))]


def drawn_optimizer(learning_rate: float, count: int, batch_size: int, epochs: int) -> Any:
    """AdamW for so many drawn maps; its rate rises to the one given and falls along a cosine."""
    import keras

    steps = -(-count // batch_size) * epochs
    rising = int(_WARM_UP * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        learning_rate / 25,
        decay_steps=max(1, steps - rising),
        warmup_target=learning_rate,
        warmup_steps=rising,
    )
    return keras.optimizers.AdamW(rate, weight_decay=0.01)


def drawn_batches(
    count: int, batch_size: int, epochs: int, random: np.random.Generator
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """Rows of each batch, and which of them are mirrored `(batch, 1)`."""
    for _ in range(epochs):
        turned = random.random(count) < 0.5
        shuffled = random.permutation(count)
        for begin in range(0, count, batch_size):
            batch = shuffled[begin : begin + batch_size]
            yield batch, turned[batch][:, None]


def _machinery() -> dict[str, Any]:
    """What equal seeds need to give equal networks."""
    import keras

    return {"keras": keras.__version__, "backend": keras.backend.backend()}
