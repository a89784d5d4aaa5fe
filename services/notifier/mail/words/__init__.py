"""The words of mails, by language."""

from services.notifier.mail.words.en import English
from services.notifier.mail.words.language import Language
from services.notifier.mail.words.vi import Vietnamese

LANGUAGES: dict[str, Language] = {"vi": Vietnamese(), "en": English()}
