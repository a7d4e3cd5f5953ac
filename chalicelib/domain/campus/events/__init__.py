"""Campus events, who is expected at them, and their rotating codes."""
