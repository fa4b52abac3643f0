"""What support sees of a person: enough to recognize them, too little to harvest."""

import re

_ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+")
# A provider's status with its error code ("400 21211", "550 5.1.1") is no phone number.
_CODE = r"^[1-5][0-9]{2} [0-9]{5}(?![0-9])|(?<![0-9])[1-5][0-9]{2}[ -][245](?:\.[0-9]{1,3}){2}"
_NUMBER = re.compile(rf"(?P<code>{_CODE})|\+?[0-9][0-9 ()./-]{{5,}}[0-9]", re.ASCII)


def masked_email(email: str) -> str:
    """a***@example.com"""
    name, _, host = email.partition("@")
    return f"{name[:1]}***@{host}"[:254]


def masked_name(name: str) -> str:
    """A*** M***"""
    return " ".join(f"{word[0]}***" for word in name.split())


def masked_phone(phone: str) -> str:
    """***45; "" if there is no number."""
    digits = [char for char in phone if char.isdecimal()]
    return f"***{''.join(digits[-2:])}" if digits else ""


def masked_text(text: str) -> str:
    """A provider's response with addresses and phone numbers masked, and its codes readable."""
    text = _ADDRESS.sub(lambda found: masked_email(found[0]), text)
    return _NUMBER.sub(lambda found: found["code"] or masked_phone(found[0]), text)
