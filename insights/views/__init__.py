"""Pages of insights: the dashboard, the figures, the outlook."""
