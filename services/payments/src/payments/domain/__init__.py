"""Payments' rules: charges, operations, the ledger, cards and card sessions; pure."""
