"""A model of how promo writes to PostgreSQL and Kafka, small enough to try everything.

`world` is what all share, `sealed` our protocol, `simpler` the usual ones, `slips` what can go
wrong in ours, `around` what happens outside of the drivers, `explore` tries every order,
`recover` says what a state comes to, `walk` goes at random where there is too much to try.
"""
