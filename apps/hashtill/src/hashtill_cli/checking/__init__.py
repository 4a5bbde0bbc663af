"""The checker: proves on a running suite what must hold always; pure rules here, what they are fed in `reading/`."""
