"""What concerns every app at once, such as erasing a person."""
