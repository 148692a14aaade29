"""Chooses, caps, groups and explains: a digest becomes one subscriber's edition. No I/O."""
