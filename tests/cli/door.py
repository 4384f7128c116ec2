"""The command line without a process: what the tests of ``ingest`` go in by."""

import json
from pathlib import Path
from typing import Any

import pytest

from ingest_desktop.cli import main

ROOT = Path(__file__).parents[2]


class Door:
    """Calls ``ingest`` in this process."""

    def __init__(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data, self.capsys = data, capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        try:
            code = main(["--data-dir", str(self.data), *arguments])
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        self.out, self.err = self.capsys.readouterr()
        return code

    def json(self, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
        assert self(*arguments, "--json") == code, self.err
        return [json.loads(line) for line in self.out.splitlines()]
