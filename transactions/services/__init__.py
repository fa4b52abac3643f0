"""Every change of state of this app, one module per subject."""
