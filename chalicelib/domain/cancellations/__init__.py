"""Cancellations: an event on sale is called off, its tickets are void, and what was paid for them is given back.

Owns the preview, its code, the second person's confirmation, and the job that refunds every ticket once.
May not move money itself: each refund is an approval of `payments.refunds`.
"""
