"""TeX, what is left of it after Hugging Face took its backslashes and dollars, and Markdown as plain Unicode. No I/O.

    asides      what must not be read (addresses, `<think>`, `{{x}}`) is set aside and put back at the end
    commands    TeX that still has its backslashes, as arXiv sends it
    residue     formulas that lost them, as Hugging Face and the seeds have it (seen 2024-05 to 2026-08)
    scripts     what stands raised or lowered
    marks       Markdown, quotes, dashes, ties and spaces

Every rule is one row of a table: where it may apply, what it looks for, what it puts there.
"""

from __future__ import annotations

from newsletter.tex import asides, commands, marks, residue, scripts


def plain(text: str) -> str:
    """One reading of one line of text; what is plain already comes back unchanged.

    What one reading uncovers (a command inside a command, a sign beside a sign) the next one reads:
    `text.readable` repeats it until nothing changes.
    """
    text, kept = asides.set_aside(text)
    text = marks.read_quotes(text)
    text = commands.read(text)
    text = residue.read(text)
    text = scripts.read(text)
    text = marks.read(text)
    return asides.put_back(text, kept)
