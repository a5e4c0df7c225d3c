"""What shops offer, what is banned, what clients find."""
