"""Hugging Face's Daily Papers as a daily email in which every reader gets their own edition."""

__version__ = "0.1.0"
