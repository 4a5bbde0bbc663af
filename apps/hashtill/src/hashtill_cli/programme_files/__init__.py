"""Programme files: merchants and offers written as YAML, read with every mistake placed, and applied."""
