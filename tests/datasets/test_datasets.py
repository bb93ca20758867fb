"""The data sets: what they return, and what happens without a network or with a damaged file."""

import gzip
import io
import tarfile
import urllib.error
from pathlib import Path

import numpy as np
import pytest

from ravine.datasets import _cache, cifar10, digits, fashion_mnist, mnist


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and no network."""
    monkeypatch.setenv("RAVINE_HOME", str(tmp_path))

    def refuse(url, *args, **kwargs):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(_cache._download, "__defaults__", (refuse,))
    return tmp_path


def serve(monkeypatch: pytest.MonkeyPatch, content: bytes, announced: int | None = None) -> None:
    class Response(io.BytesIO):
        headers = {"Content-Length": str(len(content) if announced is None else announced)}  # noqa: RUF012

    monkeypatch.setattr(_cache._download, "__defaults__", (lambda url, timeout: Response(content),))


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return gzip.compress(header + array.tobytes())


def test_digits() -> None:
    pytest.importorskip("sklearn")
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert x_train.shape == (1438, 8, 8)
    assert x_test.shape == (359, 8, 8)
    assert x_train.dtype == np.float32
    assert y_train.dtype == np.uint8
    assert x_train.min() == 0
    assert x_train.max() == 16
    assert np.bincount(y_test).min() >= 34
    again = digits.load_data()
    assert np.array_equal(again[1][0], x_test)
    with pytest.raises(ValueError, match="test_fraction"):
        digits.load_data(1.5)


def test_mnist_from_the_cache(home: Path) -> None:
    parts = {"x_train": np.ones((3, 28, 28), np.uint8), "y_train": np.arange(3, dtype=np.uint8),
             "x_test": np.zeros((2, 28, 28), np.uint8), "y_test": np.zeros(2, np.uint8)}  # fmt: skip
    np.savez(home / "mnist.npz", **parts)
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    assert x_train.shape == (3, 28, 28)
    assert y_train.tolist() == [0, 1, 2]
    assert x_test.dtype == y_test.dtype == np.uint8


def test_a_truncated_file_is_named(home: Path) -> None:
    np.savez(home / "mnist.npz", x_train=np.ones((100, 28, 28), np.uint8))
    content = (home / "mnist.npz").read_bytes()
    for damaged in (content[:2000], b"", content):
        (home / "mnist.npz").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"mnist\.npz is not a readable MNIST file.*Delete it"):
            mnist.load_data()


def test_no_pickles_are_loaded(home: Path) -> None:
    np.savez(home / "mnist.npz", x_train=np.array([{}], object))
    with pytest.raises(ValueError, match="not a readable"):
        mnist.load_data()


@pytest.mark.parametrize(
    ("module", "file"),
    [(mnist, "mnist.npz"), (fashion_mnist, "train-images-idx3-ubyte.gz"), (cifar10, "cifar-10-binary.tar.gz")],
)
def test_without_network_the_error_says_which_file_to_put_where(home: Path, module, file) -> None:
    with pytest.raises(ConnectionError, match=file) as caught:
        module.load_data()
    assert str(home) in str(caught.value)
    assert "RAVINE_HOME" in str(caught.value)
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_a_download_with_another_checksum_is_not_kept(home: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    serve(monkeypatch, b"something else")
    with pytest.raises(ValueError, match="expected sha256 731c5ac6"):
        mnist.load_data()
    assert not list(home.iterdir())


def test_a_download_that_breaks_off_is_not_kept(home: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    serve(monkeypatch, b"half", announced=8)
    with pytest.raises(ConnectionError, match="ended after 4 of 8 bytes"):
        mnist.load_data()
    assert not list(home.iterdir())


def test_a_download_is_verified_and_kept(home: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    content = b"the file" * 1000
    serve(monkeypatch, content)
    import hashlib

    path = _cache.fetch(
        "folder/file.bin", "https://example.org/file.bin", hashlib.sha256(content).hexdigest(), "sha256"
    )
    assert path == home / "folder" / "file.bin"
    assert path.read_bytes() == content
    assert [entry.name for entry in path.parent.iterdir()] == ["file.bin"]
    assert "Downloading https://example.org/file.bin" in capsys.readouterr().out


def test_fashion_mnist_from_the_cache(home: Path) -> None:
    (home / "fashion-mnist").mkdir()
    arrays = [np.full((3, 28, 28), 7, np.uint8), np.arange(3, dtype=np.uint8), np.zeros((2, 28, 28), np.uint8),
              np.ones(2, np.uint8)]  # fmt: skip
    for name, array in zip(fashion_mnist.MD5, arrays, strict=True):
        (home / "fashion-mnist" / name).write_bytes(idx(array))
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
    for got, expected in zip((x_train, y_train, x_test, y_test), arrays, strict=True):
        assert np.array_equal(got, expected)
        assert got.dtype == np.uint8
    name = next(iter(fashion_mnist.MD5))
    whole = (home / "fashion-mnist" / name).read_bytes()
    for damaged in (
        whole[: len(whole) // 2],
        b"",
        gzip.compress(b"\0\0\x08\x03\0\0"),
        gzip.compress(b"abc"),
        idx(arrays[0])[:-9],
    ):
        (home / "fashion-mnist" / name).write_bytes(damaged)
        with pytest.raises(ValueError, match=f"{name} is not a readable"):
            fashion_mnist.load_data()


def cifar_archive(path: Path, records: int = 2) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for index, name in enumerate(cifar10.TRAIN_FILES + cifar10.TEST_FILES):
            image = np.arange(3072, dtype=np.uint16).astype(np.uint8)
            content = b"".join(bytes([index]) + image.tobytes() for _ in range(records))
            info = tarfile.TarInfo(f"{cifar10.FOLDER}/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def test_cifar10_is_decoded_once(home: Path) -> None:
    cifar_archive(home / "cifar-10-binary.tar.gz")
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    assert x_train.shape == (10, 32, 32, 3)
    assert x_test.shape == (2, 32, 32, 3)
    assert y_train.shape == (10, 1)
    assert y_train[:, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert y_test.tolist() == [[5], [5]]
    assert x_train.dtype == y_train.dtype == np.uint8
    assert x_train[0, 0, 1].tolist() == [1, 1025 % 256, 2049 % 256]
    assert x_train[0, 1, 0, 0] == 32
    (home / "cifar-10-binary.tar.gz").unlink()
    (again, _), _ = cifar10.load_data()
    assert np.array_equal(again, x_train)


def test_a_damaged_cifar10_is_named(home: Path) -> None:
    cifar_archive(home / "cifar-10-binary.tar.gz")
    whole = (home / "cifar-10-binary.tar.gz").read_bytes()
    (home / "cifar-10-binary.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"cifar-10-binary\.tar\.gz is not a readable"):
        cifar10.load_data()
    assert not (home / "cifar10.npz").exists()
    (home / "cifar10.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"cifar10\.npz is not a readable"):
        cifar10.load_data()


def test_the_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAVINE_HOME", str(tmp_path / "there"))
    assert _cache.cache_dir() == tmp_path / "there"
    monkeypatch.delenv("RAVINE_HOME")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert _cache.cache_dir() == tmp_path / "ravine"
    monkeypatch.setattr("sys.platform", "darwin")
    assert _cache.cache_dir().parts[-3:] == ("Library", "Caches", "ravine")
