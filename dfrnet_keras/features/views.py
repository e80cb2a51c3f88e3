"""The three views of a clip, by the paper's letters."""

# Letter of each view to the name of its map: in stores, as input of networks, in `Features`.
MAP_OF_VIEW = {"T": "flow", "S": "apex", "D": "difference"}
VIEW_OF_MAP = {name: letter for letter, name in MAP_OF_VIEW.items()}
