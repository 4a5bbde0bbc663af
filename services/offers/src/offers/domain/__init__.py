"""What offers are and how stock is held: pure rules, no clock, no database, no wire."""
