"""Reminder policies: which duties are reminded of when, and who is told."""
