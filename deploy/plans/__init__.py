"""Plans as data, one folder each, so that a new framework needs no code."""
