"""A proof of a mail before it goes out: how it looks in other places, and what can be judged here."""
