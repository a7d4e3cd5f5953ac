"""Payments: charges, their resolution, refunds, invoices and automatic top-ups.

Confirm, callback and sweep may arrive in any order; one decision here resolves the payment. Providers are in
`clients`. Must not import gates, shops or payouts.
"""
