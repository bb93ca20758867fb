"""Progress: what a terminal, a notebook and a log file get."""

import io
import re

import numpy as np
import pytest

import ravine as keras
from ravine import layers
from ravine.utils.progress import Progress, format_duration, format_step_time, format_values


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class AsciiTerminal(Terminal):
    encoding = "ascii"


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")


def test_a_terminal_gets_one_line_that_is_redrawn() -> None:
    stream = Terminal()
    progress = Progress(10, title="Epoch 1/2", stream=stream, interval=0.0)
    for step in range(1, 11):
        progress.update(step, {"loss": 1 / step})
    progress.finish({"loss": 0.1, "val_loss": 0.2})
    text = stream.getvalue()
    assert text.startswith("Epoch 1/2\n\r 1/10 ━━──")
    assert text.count("\n") == 2
    last = text.split("\r")[-1]
    assert re.match(r"10/10 ━{20} [\d.]+s \d+us/step - loss: 0.1000 - val_loss: 0.2000 *\n$", last)
    assert "\x1b" not in text


def test_a_long_line_is_cut_to_the_terminal_but_whole_at_the_end() -> None:
    stream = Terminal()
    values = {f"a_rather_long_metric_name_{i}": 0.5 for i in range(6)}
    progress = Progress(10, stream=stream, interval=0.0)
    progress.update(5, values)
    assert max(len(line) for line in stream.getvalue().split("\r")) < 80
    progress.finish(values, 10)
    assert "a_rather_long_metric_name_5: 0.5000" in stream.getvalue()


def test_a_terminal_without_unicode_gets_plain_characters() -> None:
    stream = AsciiTerminal()
    progress = Progress(4, stream=stream, interval=0.0)
    progress.update(2)
    progress.finish(done=4)
    assert "=====....." in stream.getvalue()
    stream.getvalue().encode("ascii")


@pytest.mark.parametrize("verbose", [1, 2])
def test_a_file_gets_one_plain_line(verbose: int) -> None:
    stream = io.StringIO()
    progress = Progress(10, verbose, "Epoch 1/2", stream=stream, interval=0.0)
    for step in range(10):
        progress.update(step, {"loss": 1.0})
    progress.finish({"loss": 0.5}, 10)
    assert re.fullmatch(r"Epoch 1/2: 10/10 - [\d.]+s - \d+us/step - loss: 0.5000\n", stream.getvalue())


def test_colour_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich")
    monkeypatch.delenv("NO_COLOR")
    stream = Terminal()
    progress = Progress(2, stream=stream, interval=0.0)
    progress.update(1, {"loss": 1.0})
    assert "\x1b[32m━" in stream.getvalue()


def test_an_unknown_number_of_steps() -> None:
    stream = Terminal()
    progress = Progress(None, stream=stream, interval=0.0)
    progress.update(7, {"loss": 1.0})
    assert "7/Unknown" in stream.getvalue()


def test_a_broken_output_does_not_end_the_training() -> None:
    stream = Terminal()
    progress = Progress(2, stream=stream, interval=0.0)
    stream.close()
    progress.update(1)
    progress.finish()


def test_numbers() -> None:
    assert format_values({"a": 0.5, "b": 1e-5, "c": 0.0, "d": 12345.678}) == [
        "a: 0.5000", "b: 1.0000e-05", "c: 0.0000", "d: 12345.6780"
    ]  # fmt: skip
    assert [format_duration(s) for s in (0.26, 12.3, 75, 3700)] == ["0.3s", "12s", "1:15", "1:01:40"]
    assert [format_step_time(s) for s in (2.0, 0.05, 0.002, 3e-5)] == ["2.0s", "50ms", "2.0ms", "30us"]


def test_progbar_averages_over_steps(capsys: pytest.CaptureFixture[str]) -> None:
    bar = keras.utils.Progbar(3, stateful_metrics=["last"])
    for value in (1.0, 2.0, 6.0):
        bar.add(1, [("mean", value), ("last", value)])
    assert "3/3" in (printed := capsys.readouterr().out)
    assert "mean: 3.0000 - last: 6.0000" in printed
    bar.add(1)
    assert capsys.readouterr().out == ""


def model() -> keras.Sequential:
    model = keras.Sequential([layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse", metrics=["mae"])
    return model


X, Y = np.zeros((70, 2)), np.zeros((70, 1))


@pytest.mark.parametrize("verbose", ["auto", 1, 2])
def test_fit_into_a_log_file(capsys: pytest.CaptureFixture[str], verbose) -> None:
    model().fit(X, Y, epochs=2, validation_data=(X, Y), verbose=verbose)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    for epoch, line in enumerate(lines, 1):
        assert re.fullmatch(
            rf"Epoch {epoch}/2: 3/3 - \S+s - \S+/step( - \w+: \S+){{2}}( - val_\w+: \S+){{2}} - learning_rate: \S+",
            line,
        )


def test_fit_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr("sys.stdout", stream)
    model().fit(X, Y, epochs=2)
    text = stream.getvalue()
    assert text.startswith("Epoch 1/2\n")
    assert text.count("\n") == 4
    assert [line.split("\r")[-1].startswith("3/3 " + "━" * 20) for line in text.split("\n")[1:4:2]] == [True, True]


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    net = model()
    net.fit(X, Y, verbose=0, validation_data=(X, Y))
    net.evaluate(X, Y, verbose=0)
    net.predict(X, verbose=0)
    assert capsys.readouterr().out == ""


def test_evaluate_and_predict_show_progress(capsys: pytest.CaptureFixture[str]) -> None:
    net = model()
    net.evaluate(X, Y)
    assert re.fullmatch(r"3/3 - \S+s - \S+/step - loss: \S+ - \w+: \S+\n|3/3 - .*\n", capsys.readouterr().out)
    net.predict(X)
    assert re.fullmatch(r"3/3 - \S+s - \S+/step\n", capsys.readouterr().out)
    net.predict(X[:5])
    assert capsys.readouterr().out == ""


def test_an_error_ends_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fail(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                raise RuntimeError("stop")

    stream = Terminal()
    monkeypatch.setattr("sys.stdout", stream)
    with pytest.raises(RuntimeError, match="stop"):
        model().fit(X, Y, callbacks=[Fail()])
    assert stream.getvalue().endswith("\n")


def test_a_process_without_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    net = keras.Sequential([layers.Dense(1)])
    net.compile("sgd", "mse")
    x = np.ones((4, 2))
    history = net.fit(x, x[:, :1], epochs=2)
    assert len(history.epoch) == 2
    net.evaluate(x, x[:, :1])
    net.predict(x)
