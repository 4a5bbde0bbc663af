"""The simulated mail world: an SMTP server that keeps every mail, a JSON API over them, and a mailbox page."""
