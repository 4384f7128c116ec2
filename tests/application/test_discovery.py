"""What of a drop becomes a job, and what is left out and counted."""

import os
import stat
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.kit import MAKE, FakeApp, Script, all_jobs, statuses, wait_for, work, write_files
from ingest_desktop.application.discovery import Walk, skip_reason
from ingest_desktop.application.submission import FIRST_SLICE, SLICE, label_of, slices
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.errors import DuplicateJobError, NotFoundError, QueueFullError
from ingest_desktop.domain.interfaces.repository import FoundFile
from ingest_desktop.domain.models import DiscoveryReport, JobSelector


def names(walk: Walk, *roots: Path | str) -> list[str]:
    return [os.path.basename(found.path) for found in walk.files([str(root) for root in roots])]


def test_every_file_below_in_order(docs: Path) -> None:
    write_files(docs, {"b.txt": "", "a/2.txt": "", "a/1.txt": "", "z/deep/er/x.md": "", "a.txt": ""})
    walk = Walk()
    assert names(walk, docs) == ["a.txt", "b.txt", "1.txt", "2.txt", "x.md"]
    assert not walk.skipped


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (".hidden", "hidden"),
        (".git", "hidden"),
        ("Thumbs.db", "system"),
        ("desktop.ini", "system"),
        ("~$report.docx", "temporary"),
        ("notes.txt~", "temporary"),
        ("film.PART", "temporary"),
        ("x.crdownload", "temporary"),
        ("x.swp", "temporary"),
        ("report.docx", None),
        ("part", None),
        ("a~b.txt", None),
    ],
)
def test_names_that_are_no_documents(name: str, reason: str | None) -> None:
    assert skip_reason(name) == reason


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and sockets in folders")
def test_what_is_left_out_is_counted(docs: Path) -> None:
    write_files(docs, {"good.txt": "", ".hidden": "", ".git/config": "", "x~": "", "Thumbs.db": "", "sub/good.md": ""})
    (docs / "loop").symlink_to(docs, target_is_directory=True)
    (docs / "sub" / "up").symlink_to(docs / "sub")
    (docs / "twin.txt").symlink_to(docs / "good.txt")
    (docs / "dangling").symlink_to(docs / "nowhere")
    os.mkfifo(docs / "pipe")
    walk = Walk()
    assert names(walk, docs, docs / "missing.txt") == ["good.txt", "good.md"]
    assert walk.skipped == {"hidden": 2, "temporary": 1, "system": 1, "link": 4, "special": 1, "missing": 1}


def test_a_repository_leaves_out_what_it_ignores_has_from_others_or_builds(docs: Path) -> None:
    write_files(
        docs,
        {
            "repo/.git/HEAD": "",
            "repo/.gitignore": "*.log\n/private/\n",
            "repo/src/a.py": "",
            "repo/src/.gitignore": "!keep.log\n",
            "repo/src/keep.log": "",
            "repo/src/b.log": "",
            "repo/private/c.txt": "",
            "repo/vendor/d.go": "",
            "repo/Cargo.toml": "",
            "repo/target/e.txt": "",
            "repo/docs/target/f.txt": "",
            "repo/docs/node_modules/g.js": "",
            "repo/env/pyvenv.cfg": "",
            "repo/env/lib/h.py": "",
            "outside/i.log": "",
            "outside/vendor/j.txt": "",
            "outside/node_modules/k.js": "",
        },
    )
    walk = Walk()
    assert names(walk, docs) == ["i.log", "j.txt", "Cargo.toml", "f.txt", "a.py", "keep.log"]
    assert walk.skipped == {"hidden": 3, "ignored": 2, "vendored": 5}
    assert names(Walk(), docs / "repo" / "private", docs / "repo" / "src" / "b.log") == ["c.txt", "b.log"]


@pytest.mark.skipif(sys.platform == "win32", reason="pipes in folders")
def test_what_is_named_directly_is_followed(docs: Path) -> None:
    write_files(docs, {"real/.hidden": "", "real/a.txt": ""})
    (docs / "link").symlink_to(docs / "real", target_is_directory=True)
    os.mkfifo(docs / "pipe")
    walk = Walk()
    assert names(walk, docs / "link", docs / "real" / ".hidden", docs / "pipe") == ["a.txt", ".hidden"]
    assert walk.skipped == {"hidden": 1, "special": 1}
    assert names(Walk(), docs / "real", docs / "real" / ".." / "real") == ["a.txt"]


def test_a_folder_that_may_not_be_read_is_counted(docs: Path) -> None:
    """As root every folder can be read, so a folder that vanishes while we walk stands for one that may not."""
    write_files(docs, {"a.txt": "", "gone/b.txt": ""})
    walk = Walk()
    files = walk.files([str(docs)])
    assert next(files).path.endswith("a.txt")
    (docs / "gone" / "b.txt").unlink()
    (docs / "gone").rmdir()
    assert list(files) == [] and walk.skipped == {"unreadable": 1}


def test_a_walk_ends_when_it_is_told_to(docs: Path) -> None:
    write_files(docs, {"a/1.txt": "", "b/2.txt": "", "c/3.txt": ""})
    stop = threading.Event()
    files = Walk(stop=stop).files([str(docs)])
    assert next(files).path.endswith("1.txt")
    stop.set()
    assert list(files) == []
    assert list(Walk(stop=stop).files([str(docs / "a" / "1.txt")])) == []


def test_the_first_slice_is_small() -> None:
    files = [FoundFile(str(number), 0, 0, 0, 0) for number in range(FIRST_SLICE + SLICE + 5)]
    assert [len(part) for part in slices(iter(files))] == [FIRST_SLICE, SLICE, 5]
    assert list(slices(iter([]))) == []


def test_a_batch_is_called_after_its_paths() -> None:
    assert label_of([]) == ""
    assert label_of(["/x/report.pdf"]) == "report.pdf"
    assert label_of(["/x/report.pdf", "/y", "/z"]) == "report.pdf and 2 more"


# --- submitting ----------------------------------------------------------------------------------


def test_a_drop_makes_a_batch_and_its_jobs(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {"a.txt": "a", "sub/b.txt": "b", ".hidden": ""})
    made = fake.service.submit([str(docs)], priority=3, origin="window")
    assert (made.report.found, made.report.added, made.report.skipped, made.report.finished) == (
        2,
        2,
        {"hidden": 1},
        True,
    )
    assert (made.batch.label, made.batch.priority, made.batch.skipped, made.batch.discovering) == (
        "docs",
        3,
        {"hidden": 1},
        False,
    )
    assert {(job.original_filename, job.status, job.priority) for job in all_jobs(fake)} == {
        ("a.txt", JobStatus.QUEUED, 3),
        ("b.txt", JobStatus.QUEUED, 3),
    }


def test_a_single_file_that_is_in_the_list_is_a_duplicate(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {"a.txt": "a", "b.txt": "b"})
    first = fake.service.submit([str(docs / "a.txt")])
    (job,) = all_jobs(fake, batch_id=first.batch.batch_id)
    with pytest.raises(DuplicateJobError) as caught:
        fake.service.submit([str(docs / "a.txt")])
    assert caught.value.job_id == job.id
    again = fake.service.submit([str(docs)])
    assert (again.report.added, again.report.already_listed, again.already_listed) == (1, 1, (job.id,))


def test_an_unknown_knowledge_base_is_refused(fake: FakeApp, docs: Path) -> None:
    with pytest.raises(NotFoundError):
        fake.service.submit([str(docs)], kb_id="nowhere")
    assert fake.service.batches() == []


def test_what_is_named_and_lies_in_a_named_folder_counts_once(docs: Path) -> None:
    write_files(docs, {"a.txt": "", "in/b.txt": "", "in/.kept.txt": "", "in/deep/c.txt": ""})
    inside = docs / "in"
    walk = Walk()
    roots = (inside / "b.txt", docs, inside, docs / "in/../a.txt", inside / ".kept.txt", docs)
    assert sorted(names(walk, *roots)) == [".kept.txt", "a.txt", "b.txt", "c.txt"]
    assert not walk.skipped  # the hidden one was named, so it is wanted


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from(["", "a", "a/b", "a/b/1.txt", "a/2.txt", "c", "c/3.txt", "c/.x/4.txt"]), max_size=8))
def test_no_choice_of_roots_counts_a_file_twice(docs: Path, chosen: list[str]) -> None:
    write_files(docs, {"a/b/1.txt": "", "a/2.txt": "", "c/3.txt": "", "c/.x/4.txt": ""})
    every = [found.path for root in chosen for found in Walk().files([str(docs / root)])]
    found = [file.path for file in Walk().files([str(docs / root) for root in chosen])]
    assert sorted(found) == sorted(set(every))


def test_a_kind_can_be_left_out(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {"a.txt": "1", "b.TXT": "2", "c.md": "3", "d": "4"})
    seen = fake.service.preflight([str(docs)])
    made = fake.service.submit([str(docs), str(docs / "a.txt")], without={"txt"})
    assert made.report.added == seen.files - seen.kinds["txt"] == 2
    assert made.report.skipped == {"kind": 2}
    assert sorted(job.original_filename for job in all_jobs(fake)) == ["c.md", "d"]


def test_a_look_tells_how_far_it_has_come(fake: FakeApp, docs: Path) -> None:
    write_files(docs, MANY)
    told: list[int] = []
    seen = fake.service.preflight([str(docs)], told=told.append)
    assert told == sorted(told) and told[-1] == seen.files > 0


def test_a_kind_stays_left_out_when_the_search_goes_on_later(make_fake: MAKE, docs: Path) -> None:
    fake = make_fake()
    write_files(docs, {**MANY, **{f"c/{number}.md": "" for number in range(20)}})
    stop = threading.Event()
    fake.events.subscribe(StopAfterFirst(stop))
    fake.service.submit([str(docs)], stop=stop, without=["md"])
    fake.close()
    again = make_fake()
    assert again.service.resume_discoveries() == 1
    assert {job.original_filename.rpartition(".")[2] for job in all_jobs(again)} == {"txt"}
    assert len(all_jobs(again)) == len(MANY)


def test_a_preflight_tells_what_is_known_and_submitting_adds_the_rest(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {"a.txt": "1", "b.txt": "2", "c.md": "3"})
    fake.service.submit([str(docs / "a.txt"), str(docs / "c.md")])
    listed = fake.service.preflight([str(docs)])
    assert listed.known == {"txt": 1, "md": 1}
    work(fake)
    unchanged = fake.service.preflight([str(docs), str(docs / "c.md")])
    assert (unchanged.files, unchanged.known) == (3, {"txt": 1, "md": 1})
    assert fake.service.submit([str(docs), str(docs / "c.md")]).report.added == 3 - 2
    assert fake.service.preflight([str(docs)], kb_id=fake.service.create_knowledge_base("Other").kb_id).known == {}


def test_a_preflight_counts_and_adds_nothing(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {"a.txt": "12345", "b.TXT": "123", "c": "", ".x": ""})
    seen = fake.service.preflight([str(docs)])
    assert (seen.files, seen.bytes, seen.kinds, seen.skipped) == (3, 8, {"txt": 2, "": 1}, {"hidden": 1})
    assert (seen.sizes, seen.known) == ({"txt": 8, "": 0}, {})
    assert all_jobs(fake) == [] and fake.service.batches() == []


class StopAfterFirst:
    """Asks a search to stop as soon as its first slice is in."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.reports: list[DiscoveryReport] = []

    def jobs_added(self, batch_id: str, count: int) -> None:
        self.stop.set()

    def discovery_changed(self, report: DiscoveryReport) -> None:
        self.reports.append(report)

    def jobs_changed(self, jobs: object) -> None: ...
    def batch_finished(self, batch_id: str) -> None: ...
    def store_changed(self) -> None: ...
    def trouble(self, code: str, message: str, hint: str) -> None: ...


MANY = {f"{folder}/{number:02d}.txt": f"{folder} {number}" for folder in "abc" for number in range(40)}


def test_a_search_that_was_stopped_goes_on_at_the_next_start(make_fake: MAKE, docs: Path, tmp_path: Path) -> None:
    fake = make_fake()
    write_files(docs, MANY)
    stop = threading.Event()
    listener = StopAfterFirst(stop)
    fake.events.subscribe(listener)
    made = fake.service.submit([str(docs)], stop=stop)
    assert made.batch.discovering and not made.report.finished and not listener.reports[-1].finished
    assert 0 < made.report.added < len(MANY)
    fake.close()
    again = make_fake()
    assert again.service.resume_discoveries() == 1
    assert again.service.resume_discoveries() == 0
    jobs = all_jobs(again)
    assert len(jobs) == len(MANY) == len({job.source_path for job in jobs})
    assert {job.batch_id for job in jobs} == {made.batch.batch_id}
    assert not again.service.batch(made.batch.batch_id).discovering


@pytest.mark.parametrize("how", ["batch", "kb", "all"])
def test_a_cancelled_search_does_not_go_on(fake: FakeApp, docs: Path, how: str) -> None:
    write_files(docs, MANY)
    stop = threading.Event()
    fake.events.subscribe(StopAfterFirst(stop))
    made = fake.service.submit([str(docs)], stop=stop)
    batch_id = made.batch.batch_id
    selector = {
        "batch": JobSelector(batch_id=batch_id),
        "kb": JobSelector(kb_id="library"),
        "all": JobSelector(everything=True),
    }[how]
    fake.service.cancel(selector)
    assert fake.service.resume_discoveries() == 0
    assert set(statuses(fake).values()) == {JobStatus.CANCELLED}
    assert len(all_jobs(fake)) == made.report.added


def test_a_full_queue_stops_a_drop_but_not_the_work(make_fake: MAKE, docs: Path) -> None:
    fake = make_fake(queue_limit=100)
    write_files(docs, MANY)
    with pytest.raises(QueueFullError):
        fake.service.submit([str(docs)])
    assert len(all_jobs(fake)) == 100  # as many as there is room for
    assert fake.service.resume_discoveries() == 1  # still no room: put off, not raised
    work(fake)
    assert fake.service.resume_discoveries() == 1
    work(fake)
    assert len(all_jobs(fake)) == len(MANY)
    assert set(statuses(fake).values()) == {JobStatus.COMPLETED}


def test_a_search_for_a_deleted_knowledge_base_does_not_hold_up_the_others(fake: FakeApp, docs: Path) -> None:
    write_files(docs, MANY)
    stop = threading.Event()
    fake.events.subscribe(StopAfterFirst(stop))
    other = fake.service.create_knowledge_base("Other")
    fake.service.submit([str(docs)], kb_id=other.kb_id, stop=stop)
    fake.service.delete_knowledge_base(other.kb_id)
    fake.service.resume_discoveries()
    fake.service.restore_knowledge_base(other.kb_id)
    fake.service.resume_discoveries()
    assert len(all_jobs(fake)) == len(MANY)


def test_jobs_are_worked_on_while_the_search_goes_on(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, MANY)
    fake.service.start()
    first_done = threading.Event()

    class Hold(StopAfterFirst):
        def jobs_added(self, batch_id: str, count: int) -> None:
            wait_for(lambda: JobStatus.COMPLETED in statuses(fake).values(), "a job is done before the search is")
            first_done.set()

    fake.events.subscribe(Hold(threading.Event()))
    fake.service.submit([str(docs)])
    assert first_done.is_set()
    assert fake.lifecycle.drain(30)


def test_originals_are_never_written(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {"a.txt": "a"})
    (docs / "a.txt").chmod(stat.S_IREAD)
    before = (docs / "a.txt").stat()
    fake.service.submit([str(docs)])
    work(fake)
    fake.service.delete(JobSelector(everything=True))
    after = (docs / "a.txt").stat()
    assert (before.st_mtime_ns, before.st_size, before.st_mode) == (after.st_mtime_ns, after.st_size, after.st_mode)
    assert all_jobs(fake, deleted=True)[0].status is JobStatus.COMPLETED
