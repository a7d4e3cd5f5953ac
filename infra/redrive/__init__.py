"""`make redrive`: replay what failed, once its cause is mended.

Dead letters of the stream are whole records in a bucket; they go to their function again. Dead letters of queues go
back to their queue. Every worker is idempotent, so a letter may be replayed repeatedly, and a killed run again.
"""
