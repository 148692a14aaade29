"""What became of readers beside the files: who signed up, what they agreed to and changed and said, who is not written to."""
