"""How files are written: whole or not at all, for their owner alone, by one process at a time."""
