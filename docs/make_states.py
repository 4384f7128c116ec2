"""Writes docs/states.md from the transition table: ``python docs/make_states.py``. A test keeps it current."""

from pathlib import Path

from ingest_desktop.domain.enums import TERMINAL, TRANSITIONS, JobEvent, JobStatus

PAGE = Path(__file__).with_name("states.md")

EVENTS = {
    JobEvent.CLAIM: "A worker takes the job under a lease.",
    JobEvent.COMPLETE: "Its document is live and its receipt written.",
    JobEvent.FAIL: "Trouble that a retry cannot mend, or the tries are spent.",
    JobEvent.RELEASE: "The worker gives it back: the program quits, or a retry is due later.",
    JobEvent.RECOVER: "Its worker died or its lease ran out.",
    JobEvent.PAUSE: "A person pauses it, its batch, its knowledge base or everything.",
    JobEvent.RESUME: "The same scope is resumed.",
    JobEvent.CANCEL: "A person cancels it.",
    JobEvent.RETRY: "A person tries it again, with all its tries. A completed job only when it is empty or has gaps.",
}


def page() -> str:
    """The whole page."""
    lines = [
        "# The states of a job",
        "",
        "<!-- Written by docs/make_states.py from TRANSITIONS in ingest_desktop/domain/enums.py. Do not edit. -->",
        "",
        "Every change of a status is one of these arrows. Buttons, the store's guarded updates and the tests read the same",
        "table; any other change raises `StateTransitionError` and alters nothing.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> queued: add",
        *(f"    {source.value} --> {target.value}: {event.value}" for (source, event), target in TRANSITIONS.items()),
        *(f"    {status.value} --> [*]" for status in JobStatus if status in TERMINAL),
        "```",
        "",
        "| from | " + " | ".join(event.value for event in JobEvent) + " |",
        "| --- |" + " --- |" * len(JobEvent),
    ]
    for status in JobStatus:
        cells = [TRANSITIONS[status, event].value if (status, event) in TRANSITIONS else "" for event in JobEvent]
        lines.append(f"| **{status.value}** | " + " | ".join(cells) + " |")
    lines += ["", "| event | when |", "| --- | --- |", *(f"| {event.value} | {EVENTS[event]} |" for event in JobEvent)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8", newline="\n")
    print(PAGE.name)
