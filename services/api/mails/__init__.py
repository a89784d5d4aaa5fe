"""Mails: what went out, a test of it, and the addresses that get none."""
