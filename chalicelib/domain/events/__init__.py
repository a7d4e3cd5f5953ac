"""Events: venues, ticket categories with their stock, and the public catalogue.

Owns an event's facts, its window at the gate and the number of tickets that exist to be sold.
May not know who buys, who is admitted, or who calls: areas above ask it, never the other way round.
"""
