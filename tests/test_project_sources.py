"""Where projects come from: folders, git repositories and zip files, on this machine."""

from __future__ import annotations

import io
import os
import pty
import re
import stat
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repositories import Repository
from shell import Cli

from tuiflow.entities import Run
from tuiflow.errors import InvalidInput, NotFound
from tuiflow.projects.sources import archive, parse, without_credentials
from tuiflow.projects.sources.checkout import held_folder
from tuiflow.protocols import RunQuery
from tuiflow.store import Store

MLPROJECT = """\
entry_points:
  main:
    parameters: {n: {type: int, default: 1}, data: {type: path, default: data.csv}}
    command: python train.py {n} {data}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Two commits, the first tagged v1; branches main and dev, which is at the first."""
    found = Repository(tmp_path / "repo")
    found.write(
        {
            "MLproject": MLPROJECT,
            "train.py": "import sys; print('one', *sys.argv[1:])",
            "data.csv": "1\n",
            "sub/go.py": "import sys; print('sub', *sys.argv[1:])",
        }
    )
    found.commit()
    found.git("tag", "v1")
    found.git("branch", "dev")
    found.write({"train.py": "import sys; print('two', *sys.argv[1:])"})
    found.commit()
    return found


def only_run(store: Store) -> Run:
    (run,) = store.search_runs(RunQuery())
    return run


def latest(store: Store) -> Run:
    return store.get_run(store.resolve_run("latest"))


# addresses


@pytest.mark.parametrize(
    ("uri", "kind", "location", "subdir"),
    [
        ("https://example.org/a/b", "git", "https://example.org/a/b", ""),
        ("https://example.org/a/b.git#x/y", "git", "https://example.org/a/b.git", "x/y"),
        ("git+https://example.org/b.zip", "git", "https://example.org/b.zip", ""),
        ("git@example.org:a/b.git", "git", "git@example.org:a/b.git", ""),
        ("ssh://git@example.org:22/a.git#s", "git", "ssh://git@example.org:22/a.git", "s"),
        ("https://example.org/p.zip?x=1#d", "zip", "https://example.org/p.zip?x=1", "d"),
    ],
)
def test_addresses(uri: str, kind: str, location: str, subdir: str) -> None:
    source = parse(uri)
    assert (source.kind, source.location, source.subdir) == (kind, location, subdir)


def test_addresses_on_this_machine(tmp_path: Path, repository: Repository) -> None:
    bare = repository.bare(tmp_path / "b.git")
    (tmp_path / "odd#name").mkdir()
    (tmp_path / "p.zip").touch()
    for uri, kind, name, subdir in (
        ("repo", "folder", "repo", ""),
        ("repo#sub", "folder", "repo", "sub"),
        ("./repo#.", "folder", "repo", ""),
        (f"file://{repository.folder}#sub", "folder", "repo", "sub"),
        ("odd#name", "folder", "odd#name", ""),
        (f"file://{tmp_path}/odd%23name", "folder", "odd#name", ""),
        ("b.git", "git", "b.git", ""),
        (f"file://{bare}#sub", "git", "b.git", "sub"),
        (f"git+file://{repository.folder}", "git", "repo", ""),
        ("p.zip#x", "zip", "p.zip", "x"),
        (f"file://{tmp_path}/p.zip", "zip", "p.zip", ""),
    ):
        source = parse(uri, tmp_path)
        assert (source.kind, source.subdir) == (kind, subdir), uri
        assert Path(source.location) == tmp_path / name


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("nowhere", "no folder 'nowhere'"),
        ("https://example.org/a#../b", "inside the project"),
        ("https://example.org/a#/b", "inside the project"),
        ("s3://bucket/key", "a project is a folder, a zip file or a git repository"),
        ("ext::sh -c x", "no folder"),
        ("git+ext::sh", "no git address"),
        ("file://elsewhere/repo", "names a host"),
        ("train.py", "tuiflow run . -e train.py"),
    ],
)
def test_what_is_no_address(tmp_path: Path, uri: str, said: str) -> None:
    (tmp_path / "train.py").touch()
    with pytest.raises((InvalidInput, NotFound)) as error:
        parse(uri, tmp_path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_credentials_are_left_out() -> None:
    for url, public in (
        ("https://user:secret@example.org/a", "https://example.org/a"),
        ("https://token@example.org:8443/a", "https://example.org:8443/a"),
        ("ssh://git:secret@example.org/a", "ssh://git@example.org/a"),
        ("git@example.org:a", "git@example.org:a"),
        ("/a@b", "/a@b"),
        ("https://[x]@example.org/a", "https://example.org/a"),
    ):
        assert without_credentials(url) == public
    assert "secret" not in parse("https://user:secret@example.org/a#sub").public


@given(st.text(max_size=60) | st.from_regex(r"(git\+)?[a-z+]{1,6}:/{0,3}[\[\]@:#?%\\w./]{0,40}"))
def test_any_text_is_an_address_or_refused_in_words(uri: str) -> None:
    for text in (uri, uri + "#" + uri, "~" + uri, "x" * 5000 + uri):
        try:
            source = parse(text, Path("/nowhere"))
        except (InvalidInput, NotFound) as error:
            assert "\n" not in str(error)
        else:
            assert source.kind in ("git", "zip", "folder")
            assert source.public


# git


def test_the_default_branch_of_a_repository(
    cli: Cli, store: Store, repository: Repository, tmp_path: Path
) -> None:
    bare = repository.bare(tmp_path / "bare.git")
    done = cli("run", f"file://{bare}", "-P", "n=3", "-P", "more=a b")
    assert done.code == 0, done.err
    run = only_run(store)
    assert done.out == f"two 3 {run.data.params['data']} --more a b\n"
    tags = run.data.tags
    assert tags["mlflow.source.git.commit"] == repository.head()
    assert tags["mlflow.source.git.repoURL"] == str(bare)
    assert tags["mlflow.source.name"] == str(bare)
    assert tags["mlflow.source.type"] == "PROJECT"
    assert "mlflow.source.git.branch" not in tags
    assert run.data.params["n"] == "3"
    assert run.data.params["more"] == "a b"


def test_a_version_is_a_branch_a_tag_or_a_commit(
    cli: Cli, store: Store, repository: Repository, tmp_path: Path
) -> None:
    bare = repository.bare(tmp_path / "bare.git")
    first = repository.git("rev-parse", "v1")
    for version, said, branch in (
        ("v1", "one", None),
        ("dev", "one", "dev"),
        ("main", "two", "main"),
        (first, "one", None),
        (first[:9], "one", None),
    ):
        done = cli("run", str(bare), "-v", version)
        assert done.out.startswith(said), version
        tags = latest(store).data.tags
        assert tags["mlflow.source.git.commit"] == (repository.head() if said == "two" else first)
        assert tags.get("mlflow.source.git.branch") == branch


def test_a_commit_that_is_here_is_not_fetched_again(
    cli: Cli, repository: Repository, tmp_path: Path
) -> None:
    bare = repository.bare(tmp_path / "bare.git")
    assert "fetching" in cli("run", str(bare), "-v", "main").err
    bare.rename(tmp_path / "gone.git")
    bare.mkdir()
    for name in ("HEAD", "objects", "refs"):
        (bare / name).mkdir()
    head = repository.head()
    done = cli("run", str(bare), "-v", head)
    assert (done.code, "fetching" in done.err) == (0, False)
    done = cli("run", str(bare), "-v", "main")
    assert done.code == 1
    assert "can't be fetched" in done.err
    assert f"-v {head} is here from an earlier fetch" in done.err


def test_a_version_of_a_folder_leaves_the_folder_alone(
    cli: Cli, store: Store, repository: Repository
) -> None:
    repository.git("remote", "add", "origin", "https://user:secret@example.org/r.git")
    repository.write({"train.py": "print('changed')"})
    done = cli("run", str(repository.folder), "-v", "v1")
    assert done.out.startswith("one 1")
    assert (repository.folder / "train.py").read_text() == "print('changed')"
    assert repository.git("branch", "--show-current") == "main"
    done = cli("run", f"{repository.folder}#sub", "-v", "v1", "-e", "go.py", "-P", "a=1")
    assert done.out == "sub --a 1\n"
    tags = latest(store).data.tags
    assert tags["mlflow.source.name"] == f"file://{repository.folder}#sub"
    assert tags["mlflow.source.git.repoURL"] == "https://example.org/r.git"


def test_a_folder_in_a_repository_runs_in_place_and_is_named_as_mlflow_does(
    cli: Cli, store: Store, repository: Repository
) -> None:
    done = cli("run", f"file://{repository.folder}#sub", "-e", "go.py")
    assert (done.code, done.out) == (0, "sub\n")
    tags = only_run(store).data.tags
    assert tags["mlflow.source.name"] == f"file://{repository.folder}#sub"
    assert tags["mlflow.source.git.commit"] == repository.head()
    assert tags["mlflow.source.git.branch"] == "main"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["-v", "deev"], 2, "did you mean 'dev'?"),
        (["-v", ""], 2, "not a branch, tag or commit"),
        (["-v", "--upload-pack=x"], 2, "not a branch, tag or commit"),
        (["-v", "f" * 40], 2, "not to be had"),
        (["-v", "v1", "-e", "none"], 2, "no entry point 'none'"),
    ],
)
def test_mistakes_about_versions(
    cli: Cli, store: Store, repository: Repository, arguments: list[str], code: int, said: str
) -> None:
    done = cli("run", str(repository.folder), *arguments)
    assert done.code == code
    assert said in done.err.splitlines()[-1]
    assert store.count_runs(RunQuery()) == 0


def test_a_repository_without_a_default_branch(
    cli: Cli, repository: Repository, tmp_path: Path
) -> None:
    bare = repository.bare(tmp_path / "bare.git")
    (bare / "HEAD").write_text("ref: refs/heads/none\n")
    done = cli("run", str(bare))
    assert (done.code, "choose one with -v" in done.err) == (2, True), done.err
    assert cli("run", str(bare), "-v", "main").code == 0


def test_no_version_without_git(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/x.py").touch()
    for uri in (tmp_path / "plain", zipped(tmp_path / "p.zip", {"x.py": ""})):
        done = cli("run", str(uri), "-v", "v1", "-e", "x.py")
        assert done.code == 2
        assert "version, -v," in done.err


def test_nothing_that_a_repository_brings_is_executed(
    cli: Cli, repository: Repository, tmp_path: Path
) -> None:
    trap = tmp_path / "sprung"
    hook = repository.folder / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {trap}\n")
    hook.chmod(0o755)
    home = Path(os.environ["HOME"])
    templates = home / "templates/hooks"
    templates.mkdir(parents=True)
    (templates / "post-checkout").write_text(hook.read_text())
    (templates / "post-checkout").chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[init]\n\ttemplateDir = {templates.parent}\n[core]\n\thooksPath = {templates}\n"
        f'[filter "trap"]\n\tsmudge = touch {trap}\n\trequired = true\n'
    )
    repository.write(
        {
            ".gitattributes": "*.csv filter=trap\n*.bin filter=lfs\n",
            ".gitmodules": '[submodule "s"]\n\tpath = s\n\turl = ext::sh -c "touch x"\n',
        }
    )
    repository.commit()
    done = cli("run", f"git+file://{repository.folder}")
    assert done.code == 0, done.err
    assert not trap.exists()
    assert "left out of the checkout: submodules and the content of Git LFS files" in done.err


def test_a_link_does_not_lead_out_of_the_project(
    cli: Cli, repository: Repository, tmp_path: Path
) -> None:
    (tmp_path / "secret").mkdir()
    (repository.folder / "out").symlink_to(tmp_path / "secret")
    repository.commit()
    done = cli("run", f"git+file://{repository.folder}#out", "-e", "x.py")
    assert done.code == 2
    assert "has no folder 'out'" in done.err


def test_without_a_cache(
    cli: Cli, repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    done = cli("run", str(repository.folder), "-v", "v1")
    assert (done.code, "set XDG_CACHE_HOME" in done.err) == (1, True), done.err


def test_without_git(
    cli: Cli, repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bare = repository.bare(tmp_path / "bare.git")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = cli("run", str(bare))
    assert done.code == 1
    assert "there is no git command" in done.err


# checkouts


def test_a_checkout_is_used_again_until_a_command_leaves_something_in_it(tmp_path: Path) -> None:
    filled: list[Path] = []
    said: list[str] = []

    def fill(folder: Path) -> None:
        (folder / "a.txt").write_text("a")
        filled.append(folder)

    with held_folder(tmp_path, "x", fill, said.append) as first:
        (first / "__pycache__").mkdir()
        (first / "__pycache__/a.pyc").touch()
        # Somebody else at the same time has a folder of their own, which goes with them.
        with held_folder(tmp_path, "x", fill, said.append) as second:
            assert second.name == "x-2"
        assert not second.exists()
    assert said == []
    with held_folder(tmp_path, "x", fill, said.append) as again:
        assert (again, len(filled)) == (first, 2)
        (again / "model.bin").write_text("m")
    assert said == [f"the command left a file in {first}: model.bin"]
    with held_folder(tmp_path, "x", fill, said.append) as third:
        assert third.name == "x-2"
        assert {path.name for path in third.iterdir()} == {"a.txt"}
        (third / "a.txt").write_text("changed")
    assert (first / "model.bin").exists()
    assert (third / "a.txt").read_text() == "changed"


def test_a_checkout_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "a").touch()
        raise InvalidInput("no")

    with pytest.raises(InvalidInput), held_folder(tmp_path, "x", fill, print):
        pass
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == []


# zip files


def zipped(file: Path, contents: dict[str, str], mode: int = 0o644) -> Path:
    with zipfile.ZipFile(file, "w") as made:
        for name, text in contents.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFREG | mode) << 16
            made.writestr(info, text)
    return file


def test_a_zip_file(cli: Cli, store: Store, tmp_path: Path) -> None:
    file = zipped(tmp_path / "p.zip", {"say.sh": 'echo "$@"', "sub/x.py": "print('x')"}, 0o755)
    done = cli("run", str(file), "-e", "say.sh", "-P", "a=1")
    assert (done.code, done.out) == (0, "--a 1\n"), done.err
    assert only_run(store).data.tags["mlflow.source.name"] == str(file)
    assert cli("run", f"file://{file}#sub", "-e", "x.py").out == "x\n"
    found = next(Path(os.environ["XDG_CACHE_HOME"]).rglob("p-*/say.sh"))
    assert os.access(found, os.X_OK)


def test_a_zip_file_of_one_folder(cli: Cli, tmp_path: Path) -> None:
    file = zipped(
        tmp_path / "p.zip",
        {"p-main/MLproject": "entry_points: {main: {command: cat note}}", "p-main/note": "hi\n"},
    )
    assert cli("run", str(file)).out == "hi\n"
    assert cli("run", f"{file}#p-main").out == "hi\n"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_zip_file_from_the_web(cli: Cli, store: Store, tmp_path: Path, served: str) -> None:
    zipped(tmp_path / "p.zip", {"x.py": "print('one')"})
    assert cli("run", f"{served}/p.zip", "-e", "x.py").out == "one\n"
    assert only_run(store).data.tags["mlflow.source.name"] == f"{served}/p.zip"
    zipped(tmp_path / "p.zip", {"x.py": "print('two')"})
    assert cli("run", f"{served}/p.zip", "-e", "x.py").out == "two\n"
    done = cli("run", f"{served}/none.zip", "-e", "x.py")
    assert done.code == 1
    assert "can't be downloaded (the server answers 404)" in done.err


@pytest.mark.parametrize("name", ["../out.py", "/tmp/out.py", "a/../../out.py", "..\\out.py"])
def test_a_zip_file_that_leads_out(cli: Cli, tmp_path: Path, name: str) -> None:
    file = zipped(tmp_path / "p.zip", {"x.py": "", name: "print('out')"})
    done = cli("run", str(file), "-e", "x.py")
    assert done.code == 2
    assert "leads out of its folder" in done.err
    assert list(Path(os.environ["XDG_CACHE_HOME"]).rglob("*.py")) == []


def test_zip_files_that_are_refused(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 1000)
    monkeypatch.setattr(archive, "MAX_FILES", 3)
    link = io.BytesIO()
    with zipfile.ZipFile(link, "w") as made:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(info, "/etc/passwd")
    (tmp_path / "link.zip").write_bytes(link.getvalue())
    zipped(tmp_path / "large.zip", {"x.py": " " * 1001})
    zipped(tmp_path / "many.zip", {f"{number}.py": "" for number in range(4)})
    zipped(tmp_path / "twice.zip", {"x.py": "print(1)", "x.py/y.py": ""})
    (tmp_path / "broken.zip").write_bytes(b"PK nothing")
    for name, said in (
        ("link", "is a link"),
        ("large", "unpacks to more than"),
        ("many", "more than 3 files"),
        ("twice", "can't be unpacked"),
        ("broken", "can't be unpacked"),
    ):
        done = cli("run", str(tmp_path / f"{name}.zip"), "-e", "x.py")
        assert (done.code, said in done.err) == (2, True), done.err
    assert list(Path(os.environ["XDG_CACHE_HOME"]).rglob("*.py")) == []


def test_git_is_asked_for_nothing_by_a_plain_folder(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.sh").write_text("echo here")
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "git").write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\n")
    (binaries / "git").chmod(0o755)
    monkeypatch.setenv("TUIFLOW_CAPTURE", "all")
    monkeypatch.setenv("PATH", f"{binaries}:{os.environ['PATH']}")
    assert subprocess.run(["git"], check=True).returncode == 0
    (tmp_path / "asked").unlink()
    assert cli("run", str(tmp_path), "-e", "x.sh").out == "here\n"
    assert not (tmp_path / "asked").exists()


def test_progress_of_fetching_is_shown_on_a_terminal(
    repository: Repository, store: Store, tmp_path: Path
) -> None:
    repository.write({f"data/{number}.csv": f"{number}\n" * number for number in range(200)})
    repository.commit()
    bare = repository.bare(tmp_path / "bare.git")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tuiflow", "run", f"file://{bare}", "--store", str(store.root)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs
    )
    os.close(theirs)
    said = b""
    try:
        while chunk := os.read(ours, 4096):
            said += chunk
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 0, said
    shown = list(re.finditer(rb"(receiving objects|resolving deltas) \d+%", said))
    assert shown, said
    assert said.index(b"\r\x1b[Krun ") > shown[-1].start()
