"""The README's examples run one after the other in an empty folder, as it says."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.functional.runs import HOUSE, in_process, run

README = (HOUSE / "README.md").read_text("utf-8")
QUICKER = {"demo": ["--size", "2MiB"], "tune": ["--sample", "1MiB", "--codecs", "zstd:3"]}
"""What a command is given besides, to take less time."""


def test_examples_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command succeeds on what those before it made; so does the Python below them."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    lines = re.findall(r"^    \$ (.+)$", README, re.MULTILINE)
    for line in lines:
        program, verb, *words = shlex.split(line)
        if program == "zarrlift":
            ran = in_process(verb, *words, *QUICKER.get(verb, []), cwd=tmp_path)
        else:
            ran = run([program, verb, *words], cwd=tmp_path, env={"PATH": programs})
        assert ran.code == 0, f"{line}\n{ran.said}"

    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    examples = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    for example in examples:
        exec(compile(example, "README.md", "exec"), names)  # noqa: S102 - an example of ours

    assert len(lines) > 10
    assert names["report"].verification.equal
    assert len(examples) > 1
