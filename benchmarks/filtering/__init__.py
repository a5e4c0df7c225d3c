"""What the benchmarks of the ban filter share: products, rules, the plain loop, the readers."""
