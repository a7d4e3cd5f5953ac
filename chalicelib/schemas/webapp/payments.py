"""Bodies of the customers' door: payments."""
