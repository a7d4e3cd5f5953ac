"""Live: connections, channels and messages of the WebSocket API.

Owns message order: each subscriber of a channel gets each message once, in order. Reads the stream directly.
May not change anything that it reports on.
"""
