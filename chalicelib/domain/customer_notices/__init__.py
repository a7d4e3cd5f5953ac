"""Customer notices: news of tickets, money and events, sent once to each customer on the channel that they chose.

Owns the texts in `chalicelib/texts/`, the calendar file, and the runs that notify all customers of an event.
May not decide about tickets, payments or events: it reads what changed, and sends.
"""
