"""Words shared by every service: money, ids, tags, refusals and time; pure, standard library only."""
