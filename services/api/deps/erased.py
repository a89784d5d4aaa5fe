"""What is shown where a person's data were; the database accepts no other word in their place."""

ERASED = "(đã xóa / erased)"
