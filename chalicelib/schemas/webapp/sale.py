"""Bodies of the customers' door: booking."""
