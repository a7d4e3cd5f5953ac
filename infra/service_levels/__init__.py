"""Service levels, and what watches them: alarms, composite alarms and dashboards, made from one declaration.

`levels` declares what callers may expect, `kinds` which kinds of alarm exist and where the runbook of each is. The
alarms of functions, queues, schedules, rules and indexes are made from these resources themselves, so that none can be
forgotten.
"""
