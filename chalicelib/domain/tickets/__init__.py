"""Tickets: issued tickets, their credentials and QR codes, transfers, gifts and refund requests.

Owns a ticket's state outside the gate. A transfer increments the credential number in its own transaction.
Must not admit (`gate`), sell (`sale`) or pay back (`payments`).
"""
