"""Bodies of the customers' door: registration, log-in, codes, profile."""
