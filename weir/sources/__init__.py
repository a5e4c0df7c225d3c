"""The outside sources, each with a client (I/O) and a parser (pure)."""
