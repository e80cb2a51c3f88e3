"""From a Keras 3 network to a small device: convert, verify, compress, benchmark, predict.

Names are loaded on first use: `Predictor` needs neither Keras nor TensorFlow, and only `compress`
imports TensorFlow Model Optimization, which makes `tf.keras` mean tf_keras.
"""

from dfrnet_keras.lazy import lazy_names

# No package bears the name of a function (`conversion`, not `convert`): once imported it would
# stand in front of it.
__getattr__, __all__ = lazy_names(__name__, {
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
})  # fmt: skip
