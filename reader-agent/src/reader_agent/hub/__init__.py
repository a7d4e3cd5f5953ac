"""The hub: one agent of an event decides for the others on the gates' own network."""
