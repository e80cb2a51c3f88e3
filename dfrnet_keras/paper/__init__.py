"""The paper's tables and figures, run again: ours beside the printed ones.

Names are loaded on first use: to list the tables needs no Keras.
"""

from dfrnet_keras.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__, {"Effort": "experiments", "reproduce": "tables", "write_page": "web_page"}
)
