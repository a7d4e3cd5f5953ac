"""Live: connections, channels and messages of the WebSocket API.

Owns the order of a channel's messages: each once, in order, to each listener. It follows the stream by itself.
May not change anything that it reports on.
"""
