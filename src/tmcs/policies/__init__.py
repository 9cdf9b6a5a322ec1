"""The policy as dated versions: its figures, changes to the desk's own file, what a change means for open cases."""
