"""Scores papers for interests: decisions about relevance, values in and values out. No I/O."""
