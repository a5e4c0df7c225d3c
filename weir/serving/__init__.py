"""What people and programs read: the HTTP API and its metrics."""
