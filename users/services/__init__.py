"""Every change of a person and of how they stay signed in."""
