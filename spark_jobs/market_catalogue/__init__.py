"""The catalogue: what the ban filter says of products, into `market.product`, newest wins."""
