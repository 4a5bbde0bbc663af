"""The simulated card network: tokens, authorizations, captures, voids and refunds over HTTP/JSON."""
