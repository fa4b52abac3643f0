"""What messages are about, in words."""


def kind_words(kind: str) -> str:
    """ "Bill due" for bill_due."""
    return kind.replace("_", " ").capitalize()
