"""One file a command; `hashtill_cli.main` lists them."""
