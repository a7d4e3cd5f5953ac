"""Bodies of the customers' door: statistics, payments, invoices."""
