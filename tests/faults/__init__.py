"""The fault matrix: real child processes killed, cut off, starved and lied to, and an oracle; see docs/faults.md."""
