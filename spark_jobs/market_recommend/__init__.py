"""Searches make products popular and users known; requests for recommendations are answered."""
