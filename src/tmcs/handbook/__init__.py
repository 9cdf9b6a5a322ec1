"""The handbook as data: its rules by section, our rulings where it contradicts itself, and the desk's settings."""
