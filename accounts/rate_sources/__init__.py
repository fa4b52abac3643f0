"""Where exchange rates come from: each module asks one provider and yields Quotes."""
