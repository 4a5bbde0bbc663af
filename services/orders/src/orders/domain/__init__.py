"""Orders' rules: pure, without clock, network or database."""
