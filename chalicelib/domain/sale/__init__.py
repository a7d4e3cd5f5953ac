"""Sale: bookings, their tickets and stock, and an organizer's sales totals.

Owns an order from its reservation to its end. Stock is taken and given back in the order's own transactions.
May not charge or refund: `payments` decides what an order's payment came to.
"""
