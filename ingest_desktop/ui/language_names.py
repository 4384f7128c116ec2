"""The names of languages in the user's language, for the codes of ``domain/languages.py``; a test keeps them the same."""

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def language_name(code: str) -> str:
    """The name of a language; the code itself where it is not known."""
    return {
        "am": translate("languages", "Amharic"),
        "ar": translate("languages", "Arabic"),
        "be": translate("languages", "Belarusian"),
        "bg": translate("languages", "Bulgarian"),
        "bn": translate("languages", "Bengali"),
        "cs": translate("languages", "Czech"),
        "da": translate("languages", "Danish"),
        "de": translate("languages", "German"),
        "el": translate("languages", "Greek"),
        "en": translate("languages", "English"),
        "es": translate("languages", "Spanish"),
        "fa": translate("languages", "Persian"),
        "fi": translate("languages", "Finnish"),
        "fr": translate("languages", "French"),
        "gu": translate("languages", "Gujarati"),
        "he": translate("languages", "Hebrew"),
        "hi": translate("languages", "Hindi"),
        "hu": translate("languages", "Hungarian"),
        "hy": translate("languages", "Armenian"),
        "it": translate("languages", "Italian"),
        "ja": translate("languages", "Japanese"),
        "ka": translate("languages", "Georgian"),
        "km": translate("languages", "Khmer"),
        "kn": translate("languages", "Kannada"),
        "ko": translate("languages", "Korean"),
        "lo": translate("languages", "Lao"),
        "ml": translate("languages", "Malayalam"),
        "mr": translate("languages", "Marathi"),
        "my": translate("languages", "Burmese"),
        "nb": translate("languages", "Norwegian"),
        "nl": translate("languages", "Dutch"),
        "pa": translate("languages", "Punjabi"),
        "pl": translate("languages", "Polish"),
        "pt": translate("languages", "Portuguese"),
        "ro": translate("languages", "Romanian"),
        "ru": translate("languages", "Russian"),
        "si": translate("languages", "Sinhala"),
        "sr": translate("languages", "Serbian"),
        "sv": translate("languages", "Swedish"),
        "ta": translate("languages", "Tamil"),
        "te": translate("languages", "Telugu"),
        "th": translate("languages", "Thai"),
        "tr": translate("languages", "Turkish"),
        "uk": translate("languages", "Ukrainian"),
        "ur": translate("languages", "Urdu"),
        "zh": translate("languages", "Chinese"),
    }.get(code, code)
