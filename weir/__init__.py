"""Weir: one control room for live data streams."""

__version__ = "0.1.0"
