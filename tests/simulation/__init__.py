"""Simulated time: a scheduler lives through a year, is killed and away, and a calendar of the tests' own judges it."""
