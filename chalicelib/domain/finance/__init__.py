"""The company's own books: expenses, deposits, profit shares, withdrawals, and what it earned.

Owns everything that is booked by hand. Each entry is a journal; a change is a reversal and a new entry.
Must not change a sale, a payment or a payout; it only reads their totals.
"""
