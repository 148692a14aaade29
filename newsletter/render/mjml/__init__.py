"""MJML checked as a text: mjml-python takes nonsense without a word. No I/O."""
