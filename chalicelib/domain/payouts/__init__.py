"""Payouts: an event's settlement and its organizer's payout.

Owns settlements and payouts, each closed in one transaction with its journal and invoice number.
Must not change an order, a ticket or a payment; it only reads their totals.
"""
