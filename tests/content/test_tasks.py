"""The names of what a model is asked for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pwb
from pwb.content.tasks import TASKS, task_label


@pytest.mark.parametrize("key", TASKS)
def test_every_task_has_a_name_of_its_own(key: str) -> None:
    assert task_label(key) == TASKS[key]
    assert len(set(TASKS.values())) == len(TASKS)


def test_every_prompt_is_a_task_with_a_name() -> None:
    prompts = Path(pwb.__file__).parent / "content" / "prompts"
    names = {re.sub(r"\.txt\.jinja$", "", path.name) for path in prompts.glob("[a-z]*.txt.jinja")}
    shared_parts = {"listing", "social"}
    assert names - shared_parts <= set(TASKS)


def test_a_task_that_is_no_longer_known_reads_as_it_was_recorded() -> None:
    assert task_label("old_kind") == "Old kind"
