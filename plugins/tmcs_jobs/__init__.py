"""The eleven proactive jobs of the handbook, each a plug-in like anybody else's."""
