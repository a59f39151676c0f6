"""A sandbox in a process of its own, and its owner's hands."""

import json
import signal
import subprocess
import sys
import urllib.request

from gctrust.settings import load_settings


class Sandbox:
    def __init__(self, home, *arguments) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gctrust.sandbox", "--home", str(home), *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addresses = json.loads(self.process.stdout.readline())["addresses"]

    def control(self, method, path, body=None):
        request = urllib.request.Request(
            self.addresses["control"] + path,
            json.dumps(body).encode() if body is not None else None,
            {"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def settings(self, **more):
        environ = {
            "GCTRUST_HOME": str(self.home),
            "GENESYS_ENV_URL": self.addresses["api"],
            "GENESYS_CLIENT_ID": self.addresses["client_id"],
            "GENESYS_CLIENT_SECRET": self.addresses["client_secret"],
        }
        return load_settings({}, environ | more, self.home, self.home)

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
