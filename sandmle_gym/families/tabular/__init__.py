"""What the tabular families share: columns, a skill budget, insight units, traps, witness programs."""
