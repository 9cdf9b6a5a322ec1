"""The command line: one file a command group. Each parses, calls one function and prints; no rule lives here."""
