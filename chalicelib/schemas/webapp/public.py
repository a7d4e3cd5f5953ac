"""Bodies of the customers' door: what anyone may read of events."""
