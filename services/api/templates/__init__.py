"""The coordinator's own words in reminders: named texts, each change a version that stays."""
