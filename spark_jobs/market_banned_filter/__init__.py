"""What shops send: allowed products go through, banned ones do not, and come back when they may."""
