"""The event doors: what streams, queues and schedules call."""
