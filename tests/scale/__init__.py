"""Rules of the simulator of DynamoDB's partitions, and how the recorder bills a write."""
