"""The home page: the month's pace, what is safe to spend, what needs attention, and the cards."""
