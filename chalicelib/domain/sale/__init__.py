"""Sale: bookings, their tickets and stock, and an organizer's sales totals.

Owns an order from its reservation until it is paid or expired. Stock changes in the order's own transactions.
Must not charge or refund: `payments` resolves an order's payment.
"""
