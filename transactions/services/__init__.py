"""Every state change of this app, one module per subject."""
