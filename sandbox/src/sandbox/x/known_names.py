"""Names X knows: post fields, user fields, expansions and scopes, from its API description 2.167."""

import json
from pathlib import Path

_NAMES: dict[str, list[str]] = json.loads((Path(__file__).parent / "known_names.json").read_text(encoding="utf-8"))

POST_FIELDS = frozenset(_NAMES["post_fields"])
USER_FIELDS = frozenset(_NAMES["user_fields"])
EXPANSIONS = frozenset(_NAMES["expansions"])
SCOPES = frozenset(_NAMES["scopes"])
