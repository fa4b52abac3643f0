"""Exchange rate sources. Each module queries one provider and yields Quotes."""
