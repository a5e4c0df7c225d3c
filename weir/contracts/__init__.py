"""Shapes that cross a process boundary: messages and answers."""
