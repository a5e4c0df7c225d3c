"""Campaigns that are active × subscribers of the restaurant: one notification each, once."""
