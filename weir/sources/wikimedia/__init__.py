"""Wikimedia EventStreams `recentchange`: collector, sample server, dashboard."""
