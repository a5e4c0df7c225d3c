"""PostgreSQL (the truth) and Redis (a cache that can be rebuilt)."""
