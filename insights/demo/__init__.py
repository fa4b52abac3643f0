"""An invented household with three years of believable life, the same every time it is made."""
