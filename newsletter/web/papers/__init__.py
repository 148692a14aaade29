"""Pages for everybody: today, the archive, a paper, search, feeds, and what one would get today."""
