"""The merchants, simulated: they accept what is due, ship it with an invented tracking number, and take goods back."""
