"""Unified diffs: made, taken apart and applied; Git and difflib are the judges."""

from __future__ import annotations

import difflib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repositories import Repository

from tuiflow.diff.patches import (
    apply,
    compare_lines,
    decoded_lines,
    inverted_lines,
    preview,
    split_patch,
)

lines = st.lists(
    st.sampled_from(["a", "b", "c", "", " ", "@@", "--- x", "é", "\\ no"]), max_size=12
)


@given(lines, lines, st.integers(0, 3))
def test_a_diff_applied_to_the_one_text_gives_the_other(
    one: list[str], other: list[str], context: int
) -> None:
    found = compare_lines(one, other, context)
    assert found is not None
    body = "".join(f"{line}\n" for line in found.lines).encode()
    there = b"".join(f"{line}\n".encode() for line in one)
    back = b"".join(f"{line}\n".encode() for line in other)
    assert apply(there, body) == back
    inverted = "".join(f"{line}\n" for line in inverted_lines(list(found.lines))).encode()
    assert apply(back, inverted) == there


@given(lines, lines)
def test_both_ways_count_the_same_lines(one: list[str], other: list[str]) -> None:
    there, back = compare_lines(one, other), compare_lines(other, one)
    assert there is not None
    assert back is not None
    assert (there.added, there.removed) == (back.removed, back.added)
    assert bool(there.lines) == (one != other)


@given(lines, lines)
def test_what_another_program_has_written_is_applied(one: list[str], other: list[str]) -> None:
    body = list(difflib.unified_diff(one, other, lineterm=""))[2:]
    text = b"".join(f"{line}\n".encode() for line in one)
    wanted = b"".join(f"{line}\n".encode() for line in other)
    assert apply(text, "".join(f"{line}\n" for line in body).encode()) == wanted


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"x\ny\n", b"x\nz\n"),
        (b"x\ny", b"x\nz"),
        (b"x\ny", b"x\nz\n"),
        (b"x\ny\n", b"x\nz"),
        (b"", b"x\n"),
        (b"x\n", b""),
        (b"x\r\ny\r\n", b"x\r\nz\r\n"),
        (b"\x0cform\x0bfeed\n", b"\x0cform\x0bfed\n"),
        (b"".join(b"%d\n" % n for n in range(50)), b"".join(b"%d\n" % (n * 3) for n in range(50))),
    ],
)
def test_gits_own_patches_are_applied(tmp_path: Path, before: bytes, after: bytes) -> None:
    repository = Repository(tmp_path / "repository")
    name = 'tra "in" é.py'
    file = repository.folder / name
    file.write_bytes(before)
    (repository.folder / "empty").write_bytes(b"")
    repository.commit()
    file.write_bytes(after)
    patch = subprocess.check_output(["git", "diff", "HEAD"], cwd=repository.folder)
    [section] = split_patch(patch)
    assert (section.old, section.new) == (name, name)
    assert apply(before, section.body) == after


def test_a_patch_that_does_not_fit_is_not_applied() -> None:
    body = b"@@ -1,2 +1,2 @@\n x\n-y\n+z\n"
    assert apply(b"x\ny\n", body) == b"x\nz\n"
    for text in (b"", b"x\n", b"x\nq\n", b"q\ny\n"):
        assert apply(text, body) is None
    for broken in (b"@@ -9,2 +9,2 @@\n x\n-y\n+z\n", b"@@ -1,2 +1,2 @@\n x\n", b"garbage\n"):
        assert apply(b"x\ny\n", broken) is None


@given(st.binary(max_size=200))
def test_any_bytes_may_stand_in_a_patch(data: bytes) -> None:
    apply(b"x\ny\n", data)
    for section in split_patch(b"diff --git a/x b/x\n" + data):
        apply(b"x\ny\n", section.body)


def test_renames_new_removed_and_binary_files_are_told_apart(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.write({"old.py": "".join(f"{n}\n" for n in range(20)), "gone.py": "1\n"})
    (repository.folder / "data.bin").write_bytes(b"\0\1")
    repository.commit()
    (repository.folder / "old.py").rename(repository.folder / "new.py")
    (repository.folder / "gone.py").unlink()
    (repository.folder / "data.bin").write_bytes(b"\0\2")
    repository.write({"made.py": "other\n" * 9})
    repository.git("add", "--all")
    patch = repository.git("diff", "--find-renames", "HEAD").encode()
    found = {(section.old, section.new): bool(section.body) for section in split_patch(patch)}
    assert found == {
        ("old.py", "new.py"): False,
        ("gone.py", None): True,
        ("data.bin", "data.bin"): False,
        (None, "made.py"): True,
    }


def test_the_preview_is_the_first_place_in_one_line() -> None:
    found = compare_lines(["a", "x  = 1", "b"], ["a", "x = 2", "b"], 0)
    assert found is not None
    assert preview(found.lines) == "@@ -2 +2 @@ -x = 1 +x = 2"


def test_texts_that_are_too_long_are_not_compared_by_lines() -> None:
    assert compare_lines([f"{n}" for n in range(9000)], [f"{n}x" for n in range(9000)]) is None
    long = [f"{n}" for n in range(100_000)]
    found = compare_lines(long, [*long[:50_000], "new", *long[50_000:]])
    assert found is not None
    assert (found.added, found.removed) == (1, 0)


def test_a_missing_end_of_line_is_a_difference() -> None:
    assert decoded_lines(b"x") != decoded_lines(b"x\n")
    assert decoded_lines(b"x\0") is None
