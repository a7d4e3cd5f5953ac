"""Campus attendance: who was at an event, with evidence that is hard to fake, and fair to who has no phone.

`people` are accounts, roles and campuses; `events` are events, rosters and rotating codes; `evidence` is the pure
rule from evidence to flags; `attendance` is submissions, records, decisions and appeals; `analytics` and `reports`
read them; `privacy` erases evidence when its time is over. They lean in this order (pyproject.toml).
Owns all data of attendance. May not use the platform's customers, tickets, cards or money.
"""
