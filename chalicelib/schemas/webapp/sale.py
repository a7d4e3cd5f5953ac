"""Bodies of the customers' door: booking and payment."""
