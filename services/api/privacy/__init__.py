"""What is kept of a person, and its erasure."""
