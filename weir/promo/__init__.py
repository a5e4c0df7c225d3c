"""Promo: campaigns of restaurants become one notification per subscriber."""
