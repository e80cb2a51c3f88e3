"""The feature store of a dataset: built once, found again, read memory-mapped."""

from dfrnet_keras.store.feature_store import FeatureStore, StoredClip
from dfrnet_keras.store.find import default_path, find_or_build, open_or_build

__all__ = ["FeatureStore", "StoredClip", "default_path", "find_or_build", "open_or_build"]
