"""The home page: one address from which everything of a running demo is found."""
