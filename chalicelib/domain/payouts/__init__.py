"""Payouts: the closed books of an event and what its organizer is paid.

Owns settlements and payouts, each closed in one transaction with its journal and invoice number.
May not change an order, a ticket or a payment; it only reads their totals.
"""
