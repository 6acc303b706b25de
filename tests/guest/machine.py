# SPDX-License-Identifier: MIT
"""A back end and a guest, each in a process: how run.py starts, watches and ends them."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "examples" / "baremetal"))
from check_image import sector_data  # noqa: E402

SECTOR = 512
WORD_AT = 0x87FFF000  # guest.h
DISK_FIRST, DISK_SPAN, DISK_SECTORS = 64, 64, 4096  # guest.h


class Failure(Exception):
    """What was to hold and did not."""


def build(out):
    """The guests' programs."""
    made = subprocess.run([HERE / "build.sh", out], capture_output=True, text=True)
    if made.returncode != 0:
        raise Failure(f"the guests do not build:\n{made.stdout}{made.stderr}")


def make_image(path, sectors=DISK_SECTORS):
    """A disk whose first sectors hold the pattern of tag 0, and what is behind them something else."""
    data = b"".join(sector_data(0, sector) for sector in range(256))
    rest = bytes((7 * i + (i >> 8)) & 0xFF for i in range(65536))
    data += (rest * (sectors * SECTOR // len(rest) + 1))[: sectors * SECTOR - len(data)]
    with open(path, "wb") as image:
        image.write(data)
        image.flush()
        os.fsync(image.fileno())
        # Not in memory, so that a read takes a while.
        os.posix_fadvise(image.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return data


class Backend:
    """vqguard-blk, and what it says."""

    def __init__(self, program, out, image, arguments):
        self.folder = tempfile.TemporaryDirectory()  # a socket's path may be 107 bytes long
        self.socket = Path(self.folder.name) / "vu.sock"
        self.errors = open(Path(out) / "backend.log", "w+")
        self.events = []
        command = [program, "--socket", self.socket, "--image", image, "--json", *arguments]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors, text=True
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self._await_ready(time.monotonic() + 10)

    def _read(self):
        for line in self.process.stdout:
            try:
                self.events.append(json.loads(line))
            except ValueError:
                self.events.append({"event": "garbage", "line": line})

    def _await_ready(self, deadline):
        while not self.of("ready"):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.end()
                raise Failure(f"the back end does not listen: {self.said()}")
            time.sleep(0.01)

    def of(self, kind):
        return [event for event in list(self.events) if event.get("event") == kind]

    def said(self):
        self.errors.flush()
        return Path(self.errors.name).read_text().strip()[-2000:]

    def end(self):
        """Ends it, if it has not ended by itself; its exit status, or why it has none."""
        alive = self.process.poll() is None
        if alive:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failure("the back end does not end when it is told to") from None
        self.reader.join(timeout=5)
        self.errors.close()
        if not alive and status not in (0, 3):
            raise Failure(f"the back end ended by itself, status {status}: {self.said()}")
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.errors.close()
        self.folder.cleanup()


def boot(backend, elf, seconds, word=0, **properties):
    """Runs a guest to its end; its lines. The last one is "timeout" when the end did not come."""
    device = "".join(f",{name}={value}" for name, value in properties.items())
    command = [
        # One processor alone would have its fences left out by QEMU 7.2, and with them wake-ups of another process.
        "qemu-system-riscv64", "-smp", "2", "-machine", "virt,memory-backend=m0",
        "-object", "memory-backend-memfd,id=m0,size=128M,share=on",
        "-bios", "none", "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
        "-kernel", elf, "-global", "virtio-mmio.force-legacy=false",
        "-chardev", f"socket,id=c0,path={backend.socket}",
        "-device", f"vhost-user-blk,chardev=c0,bus=virtio-mmio-bus.0{device}",
        "-device", f"loader,addr={WORD_AT:#x},data={word},data-len=4",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    late = []
    try:
        text, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        text, _ = process.communicate()
        late = ["timeout"]
    lines = (line.rstrip("\r") for line in text.decode(errors="replace").split("\n"))
    return [line for line in lines if line] + late
