"""How dates are written, by language; whatever a language leaves out is Django's own."""
