"""Access: accounts, passwords, codes, tokens, sessions and lock-outs of every portal, and reader devices.

Owns the identity of callers and its revocation. Reads events only through `events.gate_control`.
Must not import what callers work on: no ticket, card, order or money.
"""
