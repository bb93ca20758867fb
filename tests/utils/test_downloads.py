"""utils.get_file: the cache, hashes, and archives that want to write elsewhere."""

import hashlib
import io
import tarfile
import urllib.error
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ravine import utils
from ravine.datasets import _cache

URL = "https://example.org/some/table%20one.csv?raw=1"


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes | None], list[str]]:
    """Serves what it is given at every URL (None: no network), and notes which are asked for."""
    monkeypatch.setenv("RAVINE_HOME", str(tmp_path))

    def start(content: bytes | None) -> list[str]:
        asked: list[str] = []

        class Response(io.BytesIO):
            headers = {"Content-Length": str(len(content or b""))}  # noqa: RUF012

        def open_url(url: str, timeout: float) -> Response:
            asked.append(url)
            if content is None:
                raise urllib.error.URLError("no network")
            return Response(content)

        monkeypatch.setattr(_cache._download, "__defaults__", (open_url,))
        return asked

    return start


def tar_of(**members: bytes | tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = 0 if isinstance(content, tarfile.TarInfo) else len(content)
            archive.addfile(info, io.BytesIO(b"" if isinstance(content, tarfile.TarInfo) else content))
    return buffer.getvalue()


def zip_of(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_file_is_downloaded_once(serve: Callable, tmp_path: Path) -> None:
    asked = serve(b"a,b\n1,2\n")
    path = utils.get_file(origin=URL)
    assert path == str(tmp_path / "datasets" / "table one.csv")
    assert Path(path).read_bytes() == b"a,b\n1,2\n"
    utils.get_file(origin=URL)
    assert asked == [URL]
    utils.get_file(origin=URL, force_download=True)
    assert asked == [URL, URL]


def test_places_and_names(serve: Callable, tmp_path: Path) -> None:
    serve(b"x")
    assert utils.get_file("t.csv", URL, cache_dir=tmp_path / "a", cache_subdir="b/c") == str(tmp_path / "a/b/c/t.csv")
    assert utils.get_file("t.csv", URL, cache_subdir=str(tmp_path / "d")) == str(tmp_path / "d/t.csv")
    for wrong in ("../t.csv", "a/t.csv", ".."):
        with pytest.raises(ValueError, match="without folders"):
            utils.get_file(wrong, URL)
    with pytest.raises(ValueError, match="`fname`"):
        utils.get_file(origin="https://example.org/")
    with pytest.raises(ValueError, match="`origin`"):
        utils.get_file("t.csv")


def test_hashes(serve: Callable, tmp_path: Path) -> None:
    content = b"numbers"
    serve(content)
    sha256, md5 = hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest()
    for arguments in ({"file_hash": sha256.upper()}, {"file_hash": md5}, {"md5_hash": md5}):
        path = utils.get_file("t.csv", URL, force_download=True, **arguments)
    Path(path).write_bytes(b"older")
    assert Path(utils.get_file("t.csv", URL, file_hash=sha256)).read_bytes() == content
    with pytest.raises(ValueError, match="Nothing was kept"):
        utils.get_file("u.csv", URL, file_hash="0" * 64)
    with pytest.raises(ValueError, match="md5 or sha256"):
        utils.get_file("u.csv", URL, file_hash="123")
    assert [file.name for file in (tmp_path / "datasets").iterdir()] == ["t.csv"]


def test_without_network(serve: Callable, tmp_path: Path) -> None:
    serve(None)
    with pytest.raises(ConnectionError, match=r"t\.csv is not in the cache"):
        utils.get_file("t.csv", URL)
    assert not list((tmp_path / "datasets").iterdir())


@pytest.mark.parametrize("pack", [tar_of, zip_of])
def test_archives_become_folders(serve: Callable, tmp_path: Path, pack: Callable) -> None:
    asked = serve(pack(**{"set/a.txt": b"1", "set/deep/b.txt": b"2"}))
    folder = Path(utils.get_file("flowers", URL, extract=True))
    assert folder == tmp_path / "datasets" / "flowers"
    assert {str(file.relative_to(folder)) for file in folder.rglob("*.txt")} == {"set/a.txt", "set/deep/b.txt"}
    utils.get_file("flowers", URL, extract=True)
    assert asked == [URL]
    assert utils.get_file("flowers.tgz", URL, extract=True) == f"{folder}_extracted"
    serve(pack(**{"c.txt": b"3"}))
    utils.get_file("flowers", URL, extract=True, force_download=True)
    assert [file.name for file in folder.iterdir()] == ["c.txt"]


def link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    "content",
    [
        tar_of(**{"a.txt": b"1", "../evil.txt": b"2"}),
        tar_of(**{"/tmp/evil.txt": b"2"}),
        tar_of(**{"..\\evil.txt": b"2"}),
        tar_of(link=link("link", "/tmp", tarfile.SYMTYPE), **{"link/evil.txt": b"2"}),
        tar_of(link=link("link", "../../evil.txt", tarfile.LNKTYPE)),
        tar_of(pipe=link("pipe", "", tarfile.FIFOTYPE)),
        zip_of(**{"../evil.txt": b"2"}),
        zip_of(**{"C:\\evil.txt": b"2"}),
        zip_of(**{"a": b"1", "a/b": b"2"}),
        tar_of(**{"a.txt": b"1" * 99999})[:-60],
        b"no archive",
    ],
)
def test_archives_that_are_refused(serve: Callable, tmp_path: Path, content: bytes) -> None:
    serve(content)
    with pytest.raises(ValueError, match=r"flowers_archive (cannot be unpacked|is not an archive)"):
        utils.get_file("flowers", URL, extract=True)
    assert [file.name for file in (tmp_path / "datasets").iterdir()] == ["flowers_archive"]
    assert not list(tmp_path.rglob("evil*"))


def test_the_format_of_an_archive_can_be_demanded(serve: Callable) -> None:
    serve(zip_of(a=b"1"))
    with pytest.raises(ValueError, match="not an archive of format tar"):
        utils.get_file("flowers", URL, untar=True)
    with pytest.raises(ValueError, match="not an archive of format None"):
        utils.get_file("flowers", URL, extract=True, archive_format=None)
    assert Path(utils.get_file("flowers", URL, extract=True, archive_format="zip"), "a").read_bytes() == b"1"
