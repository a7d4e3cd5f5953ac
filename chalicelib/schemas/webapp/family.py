"""Bodies of the customers' door: dependents and favourites."""
