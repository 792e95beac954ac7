"""Running what a candidate brings in a child process with limits."""
