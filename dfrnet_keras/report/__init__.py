"""One HTML page about a run, or about several compared."""

from dfrnet_keras.report.write import write_report

__all__ = ["write_report"]
