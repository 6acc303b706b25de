# SPDX-License-Identifier: MIT
"""The guest's disks: the processes behind them, and QEMU's devices in front of these."""
import atexit
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(os.environ.get("VQG_ROOT", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("VQG_BUILD", ROOT / "build"))


class Failure(Exception):
    """What was to happen did not."""


_children = []
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what is to be done at the end is done


@atexit.register
def _end_children():
    for child in _children:
        if child.poll() is None:
            child.kill()


def start(command, **options):
    """A process that does not outlive this one."""
    child = subprocess.Popen([str(word) for word in command], **options)
    _children.append(child)
    return child


class Backend:
    """A vhost-user-blk back end, of one kind: the command that serves `image` at `socket`."""

    def __init__(self, kind, directory, name, image, *options):
        self.kind, self.name, self.image = kind, name, image
        self.socket = directory / f"{name}.sock"
        self.log = directory / f"{name}.log"
        self.json = directory / f"{name}.json"
        self.options = [str(o) for o in options]
        self.process = None
        for path in (self.log, self.json):
            path.write_text("")

    def command(self):
        if self.kind == "qemu-storage-daemon":
            return ["qemu-storage-daemon",
                    "--blockdev", f"driver=file,node-name=disk,discard=unmap,filename={self.image}", "--export",
                    f"type=vhost-user-blk,id=export,node-name=disk,writable=on,addr.type=unix,addr.path={self.socket}"]
        return [self.kind, "--json", "--socket", self.socket, "--image", self.image, "--serial", self.name]

    def start(self, *before):
        """Starts it, below the command `before` if there is one; returns when it listens."""
        self.socket.unlink(missing_ok=True)
        with open(self.log, "a") as log, open(self.json, "a") as events:
            self.process = start([*before, *self.command(), *self.options], stdout=events, stderr=log,
                                 stdin=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while not self.socket.exists():
            if self.process.poll() is not None or time.monotonic() > until:
                raise Failure(f"{self.name}: the back end does not listen; its log is {self.log}")
            time.sleep(0.01)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ends it as one should; returns its status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure(f"{self.name}: the back end does not end at SIGTERM; its log is {self.log}") from None

    def events(self, kind=None):
        """What it said with --json; a line that a kill cut short is no line."""
        found = []
        for line in self.json.read_text().splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if kind in (None, event.get("event")):
                found.append(event)
        return found

    def cpu(self):
        """Seconds of (user, system) time of the process until now."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return tuple(int(fields[n]) / os.sysconf("SC_CLK_TCK") for n in (11, 12))


class Disk:
    """A disk of the guest: a back end, and the properties of QEMU's device in front of it."""

    def __init__(self, backend, slot, device="vhost-user-blk-pci", **properties):
        self.backend, self.slot, self.device, self.properties = backend, slot, device, properties
        self.name = backend.name
        self.plugged = 0

    def _names(self):
        return f"{self.name}-socket{self.plugged}", f"{self.name}-device{self.plugged}"

    def parent(self):
        """Where the guest's sysfs has its virtio device below."""
        if self.device.endswith("-pci"):
            return f"bus/pci/devices/0000:00:{self.slot:02x}.0/0000:*"
        return "bus/platform/devices/*"

    def _device(self):
        words = {"driver": self.device, "id": self._names()[1], "chardev": self._names()[0], **self.properties}
        if self.device.endswith("-pci"):
            words["bus"] = f"{self.name}-port"
        return words

    def port(self):
        """A port of its own, so that it can be unplugged; for QEMU's command line."""
        if not self.device.endswith("-pci"):
            return []
        return ["-device", f"pcie-root-port,id={self.name}-port,addr={self.slot:#x},chassis={self.slot}"]

    def arguments(self):
        """For QEMU's command line: it is there from the start."""
        words = self._device()
        device = ",".join([words.pop("driver")] + [
            f"{key}={('off', 'on')[value] if isinstance(value, bool) else value}" for key, value in words.items()])
        return [*self.port(), "-chardev", f"socket,id={self._names()[0]},path={self.backend.socket},reconnect=1",
                "-device", device]

    def unplug(self, guest):
        """Asks the guest to let go of it, and waits until it has; then the connection goes too."""
        socket_id, device_id = self._names()
        guest.qmp("device_del", id=device_id)
        guest.wait_event("DEVICE_DELETED", device=device_id)
        guest.qmp("chardev-remove", id=socket_id)

    def plug(self, guest):
        self.plugged += 1
        address = {"type": "unix", "data": {"path": str(self.backend.socket)}}
        backend = {"type": "socket", "data": {"addr": address, "server": False, "reconnect": 1}}
        guest.qmp("chardev-add", id=self._names()[0], backend=backend)
        guest.qmp("device_add", **self._device())
