"""The distributed engine: jobs beside the ledger in PostgreSQL, which say whom a worker might look at next.

It holds nothing that the ledger does not know: jobs that are lost, repeated or reordered cost time, and nothing else.
The engine is Procrastinate (`newsletter[cluster]`), which is only imported where the settings ask for it.
"""

from newsletter.engine.jobs import AHEAD, Engine, Look

__all__ = ["AHEAD", "Engine", "Look"]
