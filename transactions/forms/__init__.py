"""What people type, one module per subject."""
