"""Cards: NFC cards, their balance, and which tickets a card opens.

Owns a card's states and its bindings. Money moves only through the ledger, in the same transaction.
Must not sell, admit or hand out cards: `merchants` and `gate` do so through this area.
"""
