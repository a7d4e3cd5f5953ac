"""Payments: charges, their resolution, refunds, invoices and automatic top-ups.

Owns the one decision on a payment, in whatever order confirm, callback and sweep arrive. Providers are in `clients`.
May not know gates, shops or payouts.
"""
