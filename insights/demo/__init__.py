"""An invented household with three years of believable history, identical every time it is made."""
