"""The notifier's schema, expanded and contracted so that old code lives on the new schema."""
