"""Tickets: issued tickets, their credentials and QR codes, transfers, gifts and requests for a refund.

Owns the states of a ticket outside the gate. A transfer raises the credential in the transaction that moves it.
May not admit (`gate`), sell (`sale`) or pay back (`payments`).
"""
