"""The home page: how the month goes, what is safe to spend, what needs you, and its cards."""
