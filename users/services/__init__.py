"""All writes of users and their sign-in sessions."""
