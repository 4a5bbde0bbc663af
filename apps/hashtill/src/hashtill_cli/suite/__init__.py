"""The suite: which processes there are, and the environment each gets when all run on this machine."""
