"""How the blocks of a mail look; they know nothing of duties, so both forms always say the same."""
