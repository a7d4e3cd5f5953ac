"""Documents: PDF pages, typefaces, and the layout of invoices and payout statements.

Owns the appearance of documents. Callers pass plain values and get bytes.
May not read or write the table.
"""
