"""The locales available for formatting dates and amounts."""

from functools import cache

from babel import Locale, UnknownLocaleError

from banking.kernel.passing_locales import read_in_passing

OFFERED = (
    "ar-AE", "bg-BG", "ca-ES", "cs-CZ", "da-DK", "de-AT", "de-CH", "de-DE", "el-GR", "en-AU",
    "en-CA", "en-GB", "en-IE", "en-IN", "en-NZ", "en-US", "en-ZA", "es-ES", "es-MX", "et-EE",
    "fi-FI", "fr-BE", "fr-CA", "fr-CH", "fr-FR", "he-IL", "hi-IN", "hr-HR", "hu-HU", "id-ID",
    "it-CH", "it-IT", "ja-JP", "ko-KR", "lt-LT", "lv-LV", "nb-NO", "nl-BE", "nl-NL", "pl-PL",
    "pt-BR", "pt-PT", "ro-RO", "sk-SK", "sl-SI", "sv-SE", "th-TH", "tr-TR", "uk-UA", "vi-VN",
    "zh-CN", "zh-TW",
)  # fmt: skip


@cache
def locale_choices() -> list[tuple[str, str]]:
    """(tag, its name in its own language), sorted by name."""
    named = [(tag, _own_name(tag)) for tag in OFFERED]
    capitalized = [(tag, name[0].upper() + name[1:]) for tag, name in named]
    return sorted(capitalized, key=lambda choice: choice[1].casefold())


@read_in_passing()
def _own_name(tag: str) -> str:
    return Locale.parse(tag, sep="-").display_name or tag


def is_locale(tag: str) -> bool:
    """Whether the locale is supported."""
    try:
        Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        return False
    return True


def best_locale(accept_language: str) -> str:
    """The first supported language of an Accept-Language header, or ""."""
    for part in accept_language.split(","):
        wanted = part.partition(";")[0].strip().lower()
        if not wanted:
            continue
        for tag in OFFERED:
            if tag.lower() == wanted:
                return tag
        likely = f"{wanted}-{wanted}"
        matches = [tag for tag in OFFERED if tag.lower().startswith(f"{wanted}-")]
        if "-" not in wanted and matches:
            return (
                "en-US"
                if wanted == "en"
                else next((tag for tag in matches if tag.lower() == likely), matches[0])
            )
    return ""
