"""Passwords: who gets which, what is read again, and that nothing of them is left anywhere."""

import os
import pickle
from pathlib import Path

import pypdf
import pytest
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from application.kit import (
    COMPLETED,
    FAILED,
    MAKE,
    FakeApp,
    FakeChild,
    Script,
    all_jobs,
    hits,
    job_of,
    plan_file,
    real_app,
    result_of,
    statuses,
    work,
    write_files,
)
from ingest_desktop.application.passwords import MOST_TRIED, PasswordBook
from ingest_desktop.domain.errors import InvalidRequestError
from ingest_desktop.domain.interfaces.repository import Claim
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.domain.wire import (
    Failed,
    Looked,
    LookItem,
    Message,
    SegmentTask,
)

RIGHT, WRONG = "Ölkrug-97 x", "kein-Zutritt!"


def claim(job: int, batch: str = "1", kb: str = "library") -> Claim:
    return Claim(job, 1, kb, batch, "/a", 1, 1)


def locked(_child: FakeChild, item: LookItem) -> list[Message] | None:
    """Files whose name says so ask for the password."""
    if "locked" in item.path and RIGHT not in item.secrets:
        return [Failed(item.key, "source_encrypted", "It asks for a password.")]
    return None


# --- the book ------------------------------------------------------------------------------------


def test_the_narrowest_comes_first_and_each_once() -> None:
    book = PasswordBook()
    assert book.for_claim(claim(1)) == ()
    book.give(["everywhere", "twice"])
    book.give(["base"], JobSelector(kb_id="library"))
    book.give(["batch", "twice"], JobSelector(batch_id="1"))
    book.give(["job"], JobSelector(job_ids=("1", "2")))
    book.give(["newer", ""], JobSelector(job_ids=("1",)))
    assert book.for_claim(claim(1)) == ("newer", "job", "batch", "twice", "base", "everywhere")
    assert book.for_claim(claim(2, "2", "other")) == ("job", "everywhere", "twice")
    assert book.for_claim(claim(3, "2", "other")) == ("everywhere", "twice")


def test_not_more_are_tried_than_a_file_is_worth() -> None:
    book = PasswordBook()
    book.give([f"p{number}" for number in range(MOST_TRIED * 2)])
    assert book.for_claim(claim(1)) == tuple(f"p{number}" for number in range(MOST_TRIED))


def test_what_holds_passwords_shows_none() -> None:
    book = PasswordBook()
    book.give([RIGHT])
    item = LookItem(1, "/a", secrets=book.for_claim(claim(1)))
    for shown in (repr(book), str(book), repr(item), str(item.secrets), f"{item.secrets}", repr([item])):
        assert RIGHT not in shown
    assert pickle.loads(pickle.dumps(item)).secrets == (RIGHT,)


# --- reading again -------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["job", "batch", "all"])
def test_a_password_opens_what_it_was_given_for(fake: FakeApp, script: Script, docs: Path, scope: str) -> None:
    write_files(
        docs, {"a/locked1.txt": "first", "a/locked2.txt": "second", "a/open.txt": "x", "b/locked3.txt": "third"}
    )
    script.before_file = locked
    batch = fake.service.submit([str(docs / "a")]).batch.batch_id
    fake.service.submit([str(docs / "b")])
    work(fake)
    first = job_of(fake, docs / "a/locked1.txt")
    assert first.status is FAILED and sum(s is FAILED for s in statuses(fake).values()) == 3
    selector = {
        "job": JobSelector(job_ids=(first.id,)),
        "batch": JobSelector(batch_id=batch),
        "all": JobSelector(everything=True),
    }[scope]
    opens = {"job": {"locked1.txt"}, "batch": {"locked1.txt", "locked2.txt"}}
    expected = opens.get(scope, {"locked1.txt", "locked2.txt", "locked3.txt"})
    assert fake.service.give_passwords([WRONG], selector).changed == len(expected)
    work(fake)
    assert sum(s is FAILED for s in statuses(fake).values()) == 3
    assert fake.service.give_passwords([RIGHT], selector).changed == len(expected)
    work(fake)
    done = {name for name, status in statuses(fake).items() if status is COMPLETED}
    assert done == {*expected, "open.txt"}
    assert "a password was given" in {e.reason for e in fake.service.history(first.id)}


def test_segments_get_passwords_too(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake()
    write_files(docs, {"locked.txt": "\n".join(f"line{n}" for n in range(8))})
    script.segments_of = lambda _path: 4
    script.before_file = locked

    def segment(_child: FakeChild, task: SegmentTask) -> list[Message] | None:
        return None if RIGHT in task.secrets else [Failed(task.key, "source_encrypted", "It asks.")]

    script.before_segment = segment
    fake.service.submit([str(docs)])
    work(fake)
    fake.service.give_passwords([RIGHT], JobSelector(everything=True))
    work(fake)
    assert statuses(fake) == {"locked.txt": COMPLETED} and hits(fake, "line5") == ["locked.txt"]


def test_an_archive_with_locked_members_asks_too(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, {"half.zip": "open part\nsecret part", "torn.zip": "some text"})

    def halves(_child: FakeChild, item: LookItem) -> list[Message] | None:
        plan, result = plan_file(item.path, 1), result_of(item.path, 0, 1)
        if RIGHT in item.secrets:
            return None
        why = "b.txt: it is protected by a password." if "half" in item.path else "b.txt: it is damaged."
        return [Looked(item.key, plan, result.__class__(0, result.chunks[:1], 2, 1, ((2, why),), 5))]

    script.before_file = halves
    fake.service.submit([str(docs)])
    work(fake)
    assert {job.gaps for job in all_jobs(fake)} == {1}
    assert fake.service.give_passwords([RIGHT], JobSelector(everything=True)).changed == 1


def test_no_password_is_no_request(fake: FakeApp) -> None:
    with pytest.raises(InvalidRequestError):
        fake.service.give_passwords(["", ""], JobSelector(everything=True))


# --- nothing is left -----------------------------------------------------------------------------


def locked_pdf(path: Path, password: str) -> None:
    """One page with one sentence, behind a password."""
    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(300, 300)
    names = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    font = DictionaryObject({NameObject(key): NameObject(value) for key, value in names.items()})
    fonts = DictionaryObject({NameObject("/F1"): font})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    content = DecodedStreamObject()
    content.set_data(b"BT /F1 12 Tf 20 200 Td (The harbour opens at dawn.) Tj ET")
    page[NameObject("/Contents")] = writer._add_object(content)
    writer.encrypt(password, algorithm="AES-256")
    writer.write(path)


def spellings(password: str) -> list[bytes]:
    shown = [password, repr(password)[1:-1], ascii(password)[1:-1]]
    return [word.encode(code) for word in shown for code in ("utf-8", "utf-16-le", "utf-16-be")]


def test_children_are_handed_passwords_by_no_way_that_others_see(tmp_path: Path, docs: Path) -> None:
    app = real_app(tmp_path / "data", workers=2)
    try:
        locked_pdf(docs / "locked.pdf", RIGHT)
        app.passwords.give([WRONG, RIGHT])
        app.service.submit([str(docs)])
        work(app)
        assert [job.status for job in all_jobs(app)] == [COMPLETED] and hits(app, "harbour") == ["locked.pdf"]
        crew = app.lifecycle.crew
        assert crew is not None
        pids = [os.getpid(), *(child.pid for child in (p._child for p in crew.producers) if child and child.pid)]  # type: ignore[attr-defined]
        assert len(pids) > 1
        for pid in pids if Path("/proc/self/environ").exists() else ():  # where the system shows it
            seen = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
            assert not any(word in seen for word in spellings(RIGHT) + spellings(WRONG))
    finally:
        app.close()
    for file in filter(Path.is_file, (tmp_path / "data").rglob("*")):
        content = file.read_bytes()
        assert not any(word in content for word in spellings(RIGHT) + spellings(WRONG)), file
