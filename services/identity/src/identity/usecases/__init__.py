"""What identity does: each file one verb, begin → load many → decide each → save many → announce → commit."""
