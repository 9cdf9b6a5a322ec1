"""YAML files read into plain data that remembers line and column, and the cache of what was read."""
