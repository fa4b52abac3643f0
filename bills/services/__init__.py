"""Every change of a bill: planning what is due, paying it, reminding of it."""
