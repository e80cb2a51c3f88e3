"""How often a file of frames gives the class of the Python path, on drawn people never seen.

    python benchmarks/frames.py runs/device --clips 240

The run folder holds a `model.keras`; its training store sets the ranges of int8. The Python path is
`extract_features` with the flow of the training, then the Keras network.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a run folder, or a .keras file in one")
    parser.add_argument("--clips", type=int, default=240)
    parser.add_argument("--quantize", default="none,float16,dynamic,int8")
    parser.add_argument("--seed", type=int, default=99, help="of people and movements")
    options = parser.parse_args()

    from dfrnet_keras.features.preparation import Preparation
    from dfrnet_keras.tflite import convert, read_metadata
    from dfrnet_keras.tflite.conversion.frames_check import drawn_crops, verify_frames
    from dfrnet_keras.tflite.conversion.frames_input import take_frames
    from dfrnet_keras.tflite.conversion.load_model import input_shapes, load_model
    from dfrnet_keras.tflite.conversion.training_store import (
        find_training_store,
        sample_rows,
        store_maps,
    )

    network, description = load_model(options.model)
    shapes = input_shapes(network)
    store = find_training_store(options.model, description)
    if store is None:
        parser.error(f"the training store of {options.model} is not found")
    crops = list(drawn_crops(options.clips, 224, seed=options.seed))
    print(f"{time.strftime('%Y-%m-%d')}, {len(crops)} drawn clips, flow {store.settings}")
    for quantize in options.quantize.split(","):
        maps = store_maps(store, shapes, sample_rows(store, 128))
        content = convert(
            network, quantize=quantize, representative_data=maps, description=description
        )
        training = Preparation.from_settings(read_metadata(content)["preparation"])
        content = take_frames(content)
        found = verify_frames(network, content, training, crops)
        print(
            f"{quantize:8} {len(content) / 1e6:6.2f} MB, {found.equal_classes:.2%} equal classes, "
            f"largest difference {found.largest_difference:.4f}, mean {found.mean_difference:.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
