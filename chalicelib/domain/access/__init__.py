"""Access: accounts, passwords, codes, tokens, sessions and lock-outs of every portal, and reader devices.

Owns who a caller is and whether they may still call. Knows events only as gates see them (`events.gate_control`).
May not know what a caller does once they are in: no ticket, card, order or money.
"""
