"""The platform's running totals: what the staff's dashboard and analytics read at constant cost.

Owns the totals and the newest acts. Sales and admissions are added in the transactions that count them for their event;
all else by a follower of the stream, which marks each item with what it is counted as. So each counts once, however
often a batch is delivered. Must not know the areas above: it reads their items only.

All periods are in UTC, since the platform has no time zone of its own (D-STAFF-05).
"""
