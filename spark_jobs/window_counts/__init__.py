"""Counts per key and window, each message once."""
