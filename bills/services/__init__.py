"""All writes of bills: planning, paying and reminding."""
