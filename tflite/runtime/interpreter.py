"""One network in the LiteRT interpreter, its inputs bound by their names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.startup import hidden_lines

OUTPUT = "probabilities"
# What LiteRT prints once in each process.
_LITERT_LINES = ("INFO: Created TensorFlow Lite XNNPACK delegate",)


@dataclass(frozen=True)
class Tensor:
    """An input or output of a `.tflite` network.

    Attributes:
        index: Its number in the file.
        shape: Its shape, batch 1 first.
        dtype: Its NumPy type.
        scale: Of an integer tensor, `real = scale * (stored - zero_point)`; else 0.
        zero_point: See `scale`.
    """

    index: int
    shape: tuple[int, ...]
    dtype: np.dtype
    scale: float
    zero_point: int


class Network:
    """A `.tflite` network that is ready to run; not to be shared between threads.

    Args:
        file: The file, or its content.
        threads: How many threads the interpreter may use.

    Attributes:
        inputs: Name to `Tensor`, in the order of the names.
        output: The `Tensor` of the probabilities.
        outputs: Name to `Tensor`, of all that it answers.

    Raises:
        InputError: The file is no TFLite file, is truncated, needs a newer ai-edge-litert, or
            lacks the signature that `convert` writes.
    """

    def __init__(self, file: bytes | str | os.PathLike[str], *, threads: int = 1) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ModuleNotFoundError as error:
            raise InputError(
                f"{error.name} is not installed: pip install -U ai-edge-litert"
            ) from error

        if threads < 1:
            raise InputError(f"threads is {threads}: give 1 or more.")
        self.name = "The TFLite content" if isinstance(file, bytes) else str(file)
        if not isinstance(file, bytes) and not os.path.isfile(file):
            raise InputError(f"{file} does not exist: check the path of the .tflite file.")
        source: dict[str, Any] = (
            {"model_content": file} if isinstance(file, bytes) else {"model_path": os.fspath(file)}
        )
        try:
            with hidden_lines(_LITERT_LINES):
                self._interpreter = Interpreter(**source, num_threads=threads)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise InputError(f"{self.name} {_reason(str(error))}") from error
        signatures = self._interpreter.get_signature_list()
        if len(signatures) != 1 or OUTPUT not in next(iter(signatures.values()))["outputs"]:
            raise InputError(
                f"{self.name} has no output named {OUTPUT}: it is another model; give one that "
                "`dfr-keras convert` wrote."
            )
        # The names lead to tensor numbers here; while a runner lives, invoke() is refused.
        runner = self._interpreter.get_signature_runner()
        inputs, outputs = runner.get_input_details(), runner.get_output_details()
        del runner
        self.inputs = {name: _tensor(inputs[name]) for name in sorted(inputs)}
        self.outputs = {name: _tensor(outputs[name]) for name in sorted(outputs)}
        self.output = self.outputs[OUTPUT]

    def run(self, maps: Mapping[str, ArrayLike]) -> NDArray[np.float32]:
        """Probabilities of one clip.

        Args:
            maps: Name to map, `(H, W, channels)` or `(1, H, W, channels)`, any number type, in
                real values: an integer network's are quantised here.

        Returns:
            float32 `(classes,)`.

        Raises:
            InputError: The names or shapes are not those of the network.
        """
        self.set_inputs(maps)
        return self.invoke()

    def set_inputs(self, maps: Mapping[str, ArrayLike]) -> None:
        """Copy maps into the network's own buffers; see `run`."""
        if maps.keys() != self.inputs.keys():
            raise InputError(
                f"{self.name} looks at {', '.join(self.inputs)}, not {', '.join(sorted(maps))}: "
                "give exactly those maps."
            )
        for name, tensor in self.inputs.items():
            values = np.asarray(maps[name])
            if values.shape not in (tensor.shape, tensor.shape[1:]):
                raise InputError(
                    f"{name} has the shape {values.shape}, but {self.name} takes "
                    f"{tensor.shape[1:]}: give maps of that size."
                )
            if tensor.scale:
                limits = np.iinfo(tensor.dtype)
                values = np.rint(values / np.float32(tensor.scale)) + tensor.zero_point
                values = np.clip(values, limits.min, limits.max)
            # Held for one statement: a view that lives on forbids the next invoke().
            self._interpreter.tensor(tensor.index)()[...] = values

    def invoke(self) -> NDArray[np.float32]:
        """Run the network on the inputs that were set; the probabilities, float32 `(classes,)`."""
        self._interpreter.invoke()
        return self.read(OUTPUT)

    def read(self, name: str) -> NDArray[np.float32]:
        """What the last `invoke` or `run` gave at an output, float32, without the batch axis."""
        tensor = self.outputs[name]
        answer = self._interpreter.get_tensor(tensor.index)[0].astype(np.float32)
        if tensor.scale:
            answer = (answer - tensor.zero_point) * np.float32(tensor.scale)
        return answer


def _reason(error: str) -> str:
    """Why an interpreter refused a file."""
    missing = re.search(r"builtin opcode '(\w+)' version '(\d+)'", error)
    if missing is None:
        return (
            "is not a TFLite file that can be run, or is truncated "
            f"({' '.join(error.split())[:200]}): convert the network again."
        )
    return (
        f"needs a newer ai-edge-litert (this is {version('ai-edge-litert')}, without version "
        f"{missing[2]} of {missing[1]}): pip install -U ai-edge-litert"
    )


def _tensor(details: Mapping[str, Any]) -> Tensor:
    scale, zero_point = details["quantization"]
    return Tensor(
        int(details["index"]),
        tuple(int(length) for length in details["shape"]),
        np.dtype(details["dtype"]),
        float(scale),
        int(zero_point),
    )
