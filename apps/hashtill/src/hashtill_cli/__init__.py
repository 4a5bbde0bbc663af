"""The command line and the embedded supervisor."""
