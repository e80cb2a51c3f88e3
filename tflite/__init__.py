"""From a Keras 3 network to a small device: convert, verify, compress, benchmark, predict.

Names are loaded on first use: `Predictor` needs neither Keras nor TensorFlow, and only `compress`
imports TensorFlow Model Optimization, which makes `tf.keras` mean tf_keras.
"""

from importlib import import_module
from typing import Any

# No package bears the name of a function (`conversion`, not `convert`): once imported it would
# stand in front of it.
_HOME = {
    "Agreement": "conversion.agreement",
    "Prediction": "runtime.predictor",
    "Predictor": "runtime.predictor",
    "Timing": "benchmarking.timing",
    "benchmark": "benchmarking.timing",
    "compress": "compression.compress",
    "compress_and_compare": "compression.compress_and_compare",
    "convert": "conversion.convert",
    "convert_and_verify": "conversion.convert_and_verify",
    "read_metadata": "runtime.metadata",
    "verify": "conversion.agreement",
    "with_metadata": "runtime.metadata",
    "write_golden": "conversion.porting_reference",
    "write_porting_reference": "conversion.porting_reference",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
