"""Reference: draw the pages of `docs/reference` from the code, or with --check say which are not current."""

import sys

from tools.reference.pages import drawn, stale, write


def main(arguments: list[str]) -> int:
    """Draw; with --check only compare, and fail where a committed page differs."""
    if "--check" not in arguments:
        write()
        print(f"{len(drawn())} pages in docs/reference are current.")
        return 0
    different = stale()
    if different:
        print("These pages are not those of the code. Run `make docs` and commit.", *different, sep="\n  ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
