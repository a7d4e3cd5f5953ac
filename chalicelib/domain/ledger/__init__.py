"""The ledger: every movement of money is an append-only journal whose entries sum to zero (D-PAY-02).

Owns journals, the balances of cards, the totals of all other accounts by account and by day, and what organizers owe.
Must not decide on a movement: each area composes its own, and commits it with the writes of its deed.
"""
