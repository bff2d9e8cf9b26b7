"""Secrets don't reach the store: values of variables, URLs, options, tokens, private keys."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tuiflow.tracking.context.redaction import (
    MARK,
    MIN_SECRET_LENGTH,
    names_secret,
    redact,
    redact_command,
    secret_values,
)

SECRET = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp", "Cs")),
    min_size=MIN_SECRET_LENGTH,
    max_size=60,
).filter(lambda text: text not in MARK and not text.startswith("/"))


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        *((name, True) for name in "AWS_SECRET_ACCESS_KEY HF_TOKEN WANDB_API_KEY PGPASSWORD"
          " MLFLOW_TRACKING_PASSWORD GITHUB_TOKEN CLIENT_SECRET AZURE_STORAGE_KEY".split()),
        *((name, False) for name in "PWD OLDPWD PATH TOKENIZERS_PARALLELISM MAX_TOKENS PAD_TOKEN"
          " KEYBOARD HOME SLURM_JOB_ID".split()),
    ],
)  # fmt: skip
def test_variables_that_are_secret(name: str, secret: bool) -> None:
    assert bool(secret_values({name: "value-of-it"})) is secret


def test_values_that_are_none() -> None:
    found = secret_values(
        {"A_TOKEN": "short", "B_TOKEN": "/path/to/token", "C_TOKEN": "", "D": "x"}
    )
    assert found == ()
    key = "-----BEGIN KEY-----\nabcdefghijkl\nmnopqrstuvwx\n"
    assert set(secret_values({"MY_SECRET": key})) == {
        "-----BEGIN KEY-----", "abcdefghijkl", "mnopqrstuvwx",
    }  # fmt: skip


@given(SECRET, st.text(), st.text())
def test_a_secret_value_is_nowhere(secret: str, before: str, after: str) -> None:
    [value] = secret_values({"MY_TOKEN": secret})
    text = redact(f"{before}{value}{after}{value}", [value])
    assert value not in text
    assert MARK in text
    shown = shlex.join(redact_command(["train.py", before, f"--x={value}", value], [value]))
    assert value not in shown


@given(st.lists(SECRET, max_size=4), st.text(max_size=300))
def test_lines_stay_and_a_second_time_changes_nothing(secrets: list[str], text: str) -> None:
    found = secret_values({f"T{i}_TOKEN": secret for i, secret in enumerate(secrets)})
    once = redact(text, found)
    assert once.count("\n") == text.count("\n")
    assert redact(once, found) == once


NAME = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=1, max_size=20)
PASSWORD = st.text("abcXYZ0123456789!$%*+,;=~_-.", min_size=12, max_size=40)


@given(st.sampled_from(["https", "http", "postgresql", "s3", "ssh"]), NAME, PASSWORD)
def test_passwords_in_urls(scheme: str, user: str, password: str) -> None:
    assume(password not in user)
    text = redact(f"see {scheme}://{user}:{password}@host.example/path?x=1 for it")
    assert password not in text
    assert text.endswith("@host.example/path?x=1 for it")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://ghp_abc@github.com/a/b.git", f"https://{MARK}@github.com/a/b.git"),
        ("ssh://git@github.com/a/b.git", "ssh://git@github.com/a/b.git"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("https://github.com/a/b@v1", "https://github.com/a/b@v1"),
        ("mailto:a@b.c, https://x.y/?q=a@b", "mailto:a@b.c, https://x.y/?q=a@b"),
        ("https://u:p@ss@host/x", f"https://{MARK}@host/x"),
        ("https://h/x?access_token=abc&y=1", f"https://h/x?access_token={MARK}&y=1"),
        ("https://h/x?X-Amz-Signature=abc#f", f"https://h/x?X-Amz-Signature={MARK}#f"),
        ("'https://h/x?a=1&amp;sig=abc'", f"'https://h/x?a=1&amp;sig={MARK}'"),
        ("https://h/x?monkey=abc", "https://h/x?monkey=abc"),
        ("t = 'ghp_" + "a1" * 18 + "'", f"t = '{MARK}'"),
        ("AKIA" + "ABCDEFGH12345678", MARK),
        ("task-sk-learn", "task-sk-learn"),
        ("if '-----BEGIN RSA PRIVATE KEY-----' in text:\n    pass\n",
         "if '-----BEGIN RSA PRIVATE KEY-----' in text:\n    pass\n"),
        ("+-----BEGIN PRIVATE KEY-----\n+MIIabc/+=\n+xyz\n+-----END PRIVATE KEY-----\n",
         f"+-----BEGIN PRIVATE KEY-----\n+{MARK}\n+{MARK}\n+-----END PRIVATE KEY-----\n"),
        (r'k = "-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----"',
         rf'k = "-----BEGIN PRIVATE KEY-----{MARK}-----END PRIVATE KEY-----"'),
    ],
)  # fmt: skip
def test_forms(text: str, clean: str) -> None:
    assert redact(text) == clean


@pytest.mark.parametrize(
    ("command", "clean"),
    [
        ("train.py --password x --lr 0.1", f"train.py --password {MARK} --lr 0.1"),
        ("train.py --hf-token=x -P db.password=x",
         f"train.py --hf-token={MARK} -P db.password={MARK}"),
        ("train.py --use-token --lr 1", "train.py --use-token --lr 1"),
        ("train.py --pad-token P --max_tokens 5", "train.py --pad-token P --max_tokens 5"),
        ("train.py --tokenizer bert --key k", "train.py --tokenizer bert --key k"),
        ("train.py --uri http://u:p@h/", f"train.py --uri http://{MARK}@h/"),
        ("train.py --api_key", "train.py --api_key"),
    ],
)  # fmt: skip
def test_options(command: str, clean: str) -> None:
    assert redact_command(command.split()) == clean.split()


def test_what_is_named_like_a_secret() -> None:
    assert names_secret("--aws-secret-key")
    assert not names_secret("--")
    assert not names_secret("--monkey")


def test_a_long_text_takes_no_long_time() -> None:
    # What a pattern could go back and forth over; a quadratic one would take minutes.
    for part in ("://", "a://b", "?token", "&a-", "-----BEGIN PRIVATE KEY-----\n", "sk-", "a" * 50):
        text = part * (400_000 // len(part))
        assert len(redact(text, ["secret-value"])) > 0
