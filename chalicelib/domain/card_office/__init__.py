"""The card office: what staff do with cards, requests for cards, and money that is left on cards.

Owns the staff's state machine of a card, bulk work on cards, the replacement of a lost card, the answers to card
requests, and the return of leftover money. Must not change a ticket: a replacement moves what a card opens.
"""
