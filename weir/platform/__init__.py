"""The local platform: what runs, in which order, under one supervisor."""
