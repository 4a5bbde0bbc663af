"""The schema of orders' database, revision by revision."""
