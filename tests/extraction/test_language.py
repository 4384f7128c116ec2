"""The guess of a language: right where the text is plain, silent where it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.languages import NAMES
from ingest_desktop.domain.wire import ChunkRow
from ingest_desktop.extraction import language

SAID = {
    "en": "The deposit is returned within thirty days of the end of the lease, less what is owed for repairs.",
    "de": "Die Kaution wird innerhalb von dreißig Tagen nach dem Ende des Mietvertrags zurückgezahlt, und das ist alles.",
    "fr": "Le dépôt est rendu dans les trente jours qui suivent la fin du bail, et nous avons peint le mur avec vous.",
    "es": "El depósito se devuelve en los treinta días después del final, y las reparaciones son por cuenta de una empresa.",
    "it": "Il deposito è restituito entro trenta giorni dalla fine, e gli altri sono con il portiere che non è qui.",
    "pt": "O depósito é devolvido depois do fim do contrato, e os reparos são por conta de uma empresa que não está aqui.",
    "nl": "De borg wordt binnen dertig dagen na het einde van de huur terugbetaald, en dat is niet voor een week.",
    "sv": "Depositionen betalas tillbaka efter att det är slut, och den som inte har ett kvitto får vänta på det.",
    "da": "Depositum bliver betalt tilbage efter tredive dage, og det er ikke noget som jeg har hørt af den mand, men også.",
    "nb": "Depositumet blir betalt tilbake etter tretti dager, og det er ikke noe som jeg har hørt av mannen, men også.",
    "fi": "Vakuus palautetaan kun vuokra on loppu, ja se ei ole sama että hän oli siellä, mutta myös niin.",
    "pl": "Kaucja jest zwracana w ciągu trzydziestu dni i nie jest to zależne od tego, że się z nim nie zgadzam.",
    "cs": "Kauce se vrací do třiceti dnů a je to v pořádku, že by to byl také problém pro ty, kteří jsou na cestě.",
    "hu": "A letétet harminc napon belül visszaadják, és az is fontos, hogy ez nem egy olyan dolog, de már van még idő.",
    "ro": "Depozitul este returnat în treizeci de zile, și nu este o problemă că mai sunt reparații pentru care se plătește.",
    "tr": "Depozito otuz gün içinde geri verilir ve bu çok önemli bir konu olarak daha sonra için kayıt ile saklanır.",
    "ru": "Залог возвращается в течение тридцати дней, и это не всё, что мы сделали.",
    "uk": "Застава повертається протягом тридцяти днів, і це не все, що ми зробили її.",
    "bg": "Депозитът се връща в срок от тридесет дни след края на договора.",
    "el": "Η εγγύηση επιστρέφεται εντός τριάντα ημερών.",
    "ar": "يتم إرجاع الوديعة خلال ثلاثين يوما من نهاية العقد",
    "fa": "سپرده پس از پایان قرارداد گفته شد",
    "he": "הפיקדון מוחזר תוך שלושים יום",
    "hi": "यह किताब मेज पर है और वह घर में है",
    "ja": "敷金は契約終了後三十日以内に返還されます。",
    "zh": "押金将在租约结束后三十天内退还。",
    "ko": "보증금은 계약 종료 후 삼십 일 이내에 반환됩니다.",
    "th": "เงินมัดจำจะคืนภายในสามสิบวัน",
}


@pytest.mark.parametrize("code", SAID)
def test_a_plain_sentence_is_known(code: str) -> None:
    assert language.of_text(SAID[code]) == code
    assert code in NAMES


@pytest.mark.parametrize(
    "text", ["", "12 345.67 8,90", "x = y + z * (a - b)", "Kowalski Müller García Smith O'Neill", "lorem ipsum dolor"]
)
def test_what_is_not_clear_is_not_told(text: str) -> None:
    assert language.of_text(text) == ""


def test_a_few_foreign_words_do_not_turn_a_text() -> None:
    assert language.of_text(f"{SAID['en']} {SAID['en']} Ελλάδα") == "en"


def test_a_long_text_is_looked_at_in_several_places() -> None:
    rows = [ChunkRow("1 2 3")] * 10 + [ChunkRow(SAID["de"])] * 90
    assert language.guess(rows) == "de"
    assert language.guess([]) == ""


@given(st.text(max_size=400))
def test_any_text_gives_a_known_code_or_none(text: str) -> None:
    assert language.of_text(text) in {"", *NAMES}
