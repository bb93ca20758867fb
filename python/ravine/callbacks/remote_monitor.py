"""RemoteMonitor: the logs of every epoch to a web server."""

from __future__ import annotations

import json
import warnings

import numpy as np

from ravine.callbacks.callback import Callback


class RemoteMonitor(Callback):
    """Posts the epoch and its logs as JSON. A server that cannot be reached gives a warning, and training goes on.

    Args:
        root: address of the server.
        path: appended to `root`.
        field: name of the form field that holds the JSON.
        headers: dict of additional HTTP headers.
        send_as_json: send the JSON itself (`application/json`) instead of a form.
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        import urllib.error
        import urllib.parse
        import urllib.request

        values = {key: x.item() if isinstance(x, (np.ndarray, np.generic)) else x for key, x in (logs or {}).items()}
        text = json.dumps({"epoch": epoch, **values})
        body = text if self.send_as_json else urllib.parse.urlencode({self.field: text})
        kind = "application/json" if self.send_as_json else "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, **(self.headers or {})}
        request = urllib.request.Request(self.root + self.path, body.encode(), headers, method="POST")
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            warnings.warn(f"RemoteMonitor: could not reach {self.root} ({error}).", stacklevel=3)
