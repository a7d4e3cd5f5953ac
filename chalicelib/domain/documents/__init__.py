"""Documents: PDF pages, typefaces, and the layout of invoices and payout statements.

Owns how a document looks. Its callers pass plain values in and get bytes back.
May not read or write the table.
"""
