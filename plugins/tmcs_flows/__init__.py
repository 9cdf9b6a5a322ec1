"""The built-in handling flows: one folder each, on the hooks and entry points that anyone's flow uses."""
