"""The world as people meet it: X, pages, mailbox, card network, merchants, and the services' own API."""
