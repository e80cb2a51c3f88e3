"""The page that finds and names movements of a face in a browser, as a static site."""

from dfrnet_keras.web.serve import make_server
from dfrnet_keras.web.site import write_site

__all__ = ["make_server", "write_site"]
