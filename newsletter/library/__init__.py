"""A reader's library: exports of reference managers and lists of ids, read into entries. No I/O.

    bibtex      BibTeX and BibLaTeX
    ris         RIS
    csl         CSL-JSON, and Zotero's own JSON
    listing     arXiv ids, DOIs or addresses, one a line

The format is told from the content: nobody knows what a file is called that came through a pipe.
"""

from newsletter.library.entries import Entry, Library
from newsletter.library.formats import parse

__all__ = ["Entry", "Library", "parse"]
