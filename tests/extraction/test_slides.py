"""Presentations: what stands on slides, in its place, and what of them cannot be read."""

import io
import zipfile

from pptx import Presentation

from .office_kit import DECK, Read, changed


def test_slides_give_titles_tables_groups_charts_and_notes_in_their_places() -> None:
    read = Read(DECK)
    assert (read.plan.unit, read.plan.units) == ("slide", 3)
    assert read.place("year of the pear") == {"slide": 1}
    assert read.heading("year of the pear") == "Orchard › Harvest report"
    assert read.heading("greet everyone") == "Orchard › Harvest report › Notes"
    assert "Fruit\tTons\nPears\t12" in read.text
    assert read.place("deep in two groups") == {"slide": 2}
    assert "Plums: 2023 = 3; 2024 = 4" in read.text
    assert read.heading("no title here") == "Orchard"
    (notes,) = read.notes
    assert (notes.units_seen, notes.units_with_text, notes.units_failed) == (3, 3, [])


def test_slides_need_neither_types_nor_a_theme() -> None:
    bare = changed(DECK, {"[Content_Types].xml": b"<Types xmlns='x'/>", "ppt/theme/theme1.xml": None})
    assert Read(bare, "a.pptx").text == Read(DECK).text


def test_slides_without_their_list_are_taken_by_number() -> None:
    read = Read(changed(DECK, {"ppt/presentation.xml": b"<broken"}), "a.pptx")
    assert read.place("no title here") == {"slide": 3}


def test_one_broken_slide_does_not_lose_the_others() -> None:
    read = Read(changed(DECK, {"ppt/slides/slide2.xml": b"<p:sld"}), "a.pptx")
    assert [number for number, _ in read.notes[0].units_failed] == [2]
    assert "year of the pear" in read.text
    assert "no title here" in read.text


def test_what_of_a_slide_cannot_be_read_is_a_gap() -> None:
    with zipfile.ZipFile(io.BytesIO(DECK)) as archive:
        notes = next(name for name in archive.namelist() if "notesSlides/notesSlide" in name and name.endswith(".xml"))
        chart = next(name for name in archive.namelist() if "charts/chart" in name and name.endswith(".xml"))
    for name, what in ((notes, "its notes"), (chart, "a chart or drawing")):
        read = Read(changed(DECK, {name: b"<broken"}), "a.pptx")
        assert "year of the pear" in read.text
        ((_, why),) = read.notes[0].units_failed
        assert why.lower().startswith(what) and not read.notes[0].warnings
    made, target = Presentation(), io.BytesIO()
    slide = made.slides.add_slide(made.slide_layouts[0])
    slide.shapes.title.text, slide.notes_slide.notes_text_frame.text = "alone", "softly"
    made.save(target)
    read = Read(changed(target.getvalue(), {notes: b"<broken"}), "a.pptx")
    assert (read.text, [number for number, _ in read.notes[0].units_failed]) == ("alone", [1])
