"""What a YAML file may be at most."""

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 50
