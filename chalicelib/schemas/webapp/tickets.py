"""Bodies of the customers' door: a customer's tickets."""
