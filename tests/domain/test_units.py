from ingest_desktop.domain import units


def test_units_are_words_that_people_use() -> None:
    assert units.amount(1, "member") == "1 file"
    assert units.amount(2_000, "member") == "2,000 files"
    assert units.amount(1, "slide") == "1 slide"
    assert units.amount(3, "something new") == "3 parts"


def test_a_part_of_all_agrees_with_all() -> None:
    assert units.some_of(1, 1, "page") == "1 of 1 page"
    assert units.some_of(1, 12, "sheet") == "1 of 12 sheets"
    assert units.some_of(3, 2, "message") == "3 messages"  # a message may have several attachments that fail


def test_what_is_read_in_one_go_counts_nothing() -> None:
    assert not units.is_counted("whole")
    assert not units.is_counted("byte")
    assert units.is_counted("row")
    assert not units.is_paced("row")  # its progress is told in bytes
    assert units.is_paced("slide")
