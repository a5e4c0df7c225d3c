"""Statistics of the marketplace: what was allowed and blocked, each message once."""
