"""Following: the check that never ends: feeds that read what changed since their last look, told once, measured."""
