"""Topics, confirmed publishing, bounded reading and dead letters."""
