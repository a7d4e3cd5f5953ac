"""Demo data of local runs: an event on sale, its people, and a past event with a payout. Never deployed."""
