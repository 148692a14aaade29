"""Pages of one reader: signing up, confirming, an edition, preferences, feedback, leaving."""
