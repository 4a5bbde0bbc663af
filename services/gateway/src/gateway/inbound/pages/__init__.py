"""The pages cardmembers see: Favorites, linking a card, and their orders."""
