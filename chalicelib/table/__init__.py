"""The one DynamoDB table: its keys, its items, its conditional writes."""
