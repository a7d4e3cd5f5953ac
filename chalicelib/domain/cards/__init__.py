"""Cards: NFC cards, their balance, and which tickets a card opens.

Owns a card's states and its bindings. Money moves only through the ledger, in the same transaction.
May not sell, admit or hand cards out: `merchants` and `gate` do, through what is here.
"""
