"""Reading for the checker: databases, streams, the processor's ledger, mails and logs, in bounded pages."""
