"""Links in a text: the http and https addresses X would shorten, and where they stand."""

import re

LINK = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]}]", re.IGNORECASE)
"""An address runs to the next space, less the punctuation that ends a sentence."""
