"""Payments: charges, their resolution, refunds, invoices and automatic top-ups.

Owns what became of a charge: confirm, callback and sweep may arrive in any order, and one decision resolves the
payment. Providers are in `clients`. Must not import gates, shops or payouts.
"""
