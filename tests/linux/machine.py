# SPDX-License-Identifier: MIT
"""A Linux guest under QEMU, and the processes that are its disks."""
import atexit
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(os.environ.get("VQG_ROOT", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("VQG_BUILD", ROOT / "build"))
GUEST = BUILD / "linux"
MEMORY = 512
# What a guest's answer is in its kernel's log, and what the kernel says of a disk or of itself that is not well.
ANSWER = re.compile(r"^\[ *\d+\.\d+\] ((ok|FAIL) .*|DONE)$")
COMPLAINT = re.compile(r"I/O error|EXT4-fs (error|warning)|JBD2: Error|\bBUG\b|Oops|Call Trace|WARNING:|Kernel panic|"
                       r"blocked for more than|virtio\S* .*([Ee]rror|fail|not a head|out of range|[Bb]ad|[Uu]nexpected)|"
                       r"general protection|stall|lockup|[Cc]orrupt|nobody cared|Unknown symbol")


class Failure(Exception):
    """What was to happen did not."""


_children = []


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


def accelerator():
    """What QEMU is to run the guest with. Some hosts have a /dev/kvm and no processor that runs a common kernel with it."""
    flags = re.search(r"^flags\s*:(.*)", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    hardware = flags and {"vmx", "svm"} & set(flags.group(1).split())
    return "kvm" if hardware and os.access("/dev/kvm", os.R_OK | os.W_OK) else "tcg"


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


class Guest:
    """QEMU with the guest in it. `log` has its console."""

    def __init__(self, directory, name, disks, accel, fio=True, machine="q35", append="", cpus=2, empty_ports=()):
        self.log = directory / f"{name}.console"
        self.patience = 1 if accel == "kvm" else 6
        self.lines = []
        self._events = []
        self._arrived = threading.Condition()
        monitor, qemu_end = socket.socketpair()
        options = ""
        if machine == "microvm":
            options = ",acpi=on,isa-serial=on,pit=on,rtc=on"
            if accel == "tcg":
                # It has nothing that the guest could compare its clock with, which is the host's.
                mhz = re.search(r"^cpu MHz\s*: ([\d.]+)", pathlib.Path("/proc/cpuinfo").read_text(), re.M).group(1)
                append += f" tsc_early_khz={float(mhz) * 1000:.0f}"
        command = [
            "qemu-system-x86_64", "-machine", f"{machine},accel={accel},memory-backend=memory{options}",
            "-cpu", "host,-arch-capabilities" if accel == "kvm" else "max", "-smp", cpus, "-m", MEMORY,
            "-object", f"memory-backend-memfd,id=memory,size={MEMORY}M,share=on",
            "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio",
            "-global", "virtio-mmio.force-legacy=false",
            "-chardev", f"socket,id=monitor,fd={qemu_end.fileno()}", "-mon", "chardev=monitor,mode=control",
            "-kernel", GUEST / "vmlinuz", "-initrd", GUEST / ("initrd-fio.img" if fio else "initrd.img"),
            "-append", f"console=ttyS0 loglevel=7 printk.devkmsg=on panic=-1 {append}"]
        for disk in disks:
            command += disk.arguments()
        for disk in empty_ports:
            command += disk.port()
        with open(directory / f"{name}.qemu", "w") as said:
            self.process = start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said,
                                 pass_fds=[qemu_end.fileno()])
        qemu_end.close()
        self._monitor = monitor.makefile("rw")
        threading.Thread(target=self._read_console, daemon=True).start()
        threading.Thread(target=self._read_monitor, daemon=True).start()
        self.qmp("qmp_capabilities")

    def _read_console(self):
        with open(self.log, "w") as log:
            for raw in self.process.stdout:
                line = raw.decode(errors="replace").rstrip("\r\n")
                log.write(line + "\n")
                log.flush()
                with self._arrived:
                    self.lines.append(line)
                    self._arrived.notify_all()
        with self._arrived:
            self.process.wait()
            self._arrived.notify_all()

    def _read_monitor(self):
        try:
            for line in self._monitor:
                with self._arrived:
                    self._events.append(json.loads(line))
                    self._arrived.notify_all()
        except (OSError, ValueError):
            pass  # QEMU is gone, and with it what it was saying

    def _wait(self, found, seconds, what):
        """Until found() is not None. The end of QEMU ends the waiting too."""
        until = time.monotonic() + seconds * self.patience
        with self._arrived:
            while True:
                result = found()
                if result is not None:
                    return result
                left = until - time.monotonic()
                if left <= 0 or self.process.poll() is not None:
                    how = "QEMU has ended" if self.process.poll() is not None else f"not within {seconds * self.patience} s"
                    raise Failure(f"{what}: {how}; the console is {self.log}")
                self._arrived.wait(min(left, 1))

    def qmp(self, command, **arguments):
        with self._arrived:
            first = len(self._events)
        self._monitor.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._monitor.flush()
        reply = self._wait(lambda: next((e for e in self._events[first:] if "return" in e or "error" in e), None),
                           20, f"QMP {command}")
        if "error" in reply:
            raise Failure(f"QMP {command}: {reply['error']['desc']}")
        return reply["return"]

    def wait_event(self, name, **data):
        def found():
            return next((e for e in self._events if e.get("event") == name
                         and data.items() <= e.get("data", {}).items()), None)
        return self._wait(found, 20, f"QMP event {name}")

    def send(self, command):
        self.process.stdin.write((command + "\n").encode())
        self.process.stdin.flush()

    def answers(self, first=0):
        """What the guest has said, without the times."""
        return [m.group(1) for m in map(ANSWER.match, self.lines[first:]) if m]

    def expect(self, answer, seconds=30, first=0, count=1):
        """Waits for 'ok ANSWER', the count-th since line `first`; a FAIL of anything is one of this."""
        def found():
            said = self.answers(first)
            bad = next((s for s in said if s.startswith("FAIL")), None)
            if bad:
                raise Failure(f"{bad}; the console is {self.log}")
            good = [s for s in said if re.match(f"ok {answer}\\b", s)]
            return good[count - 1] if len(good) >= count else None
        return self._wait(found, seconds, answer)

    def do(self, command, answer, seconds=30):
        """Sends a command, and waits for its answer."""
        first = len(self.lines)
        self.send(command)
        return self.expect(answer, seconds, first)

    def complaints(self, first=0):
        """What the kernel has said that it does not say when all is well."""
        return [line for line in self.lines[first:] if COMPLAINT.search(line) and not ANSWER.match(line)]

    def end(self):
        """Has the guest switch itself off."""
        self.send("end")
        self._wait(lambda: True if "DONE" in self.answers() else None, 10, "the guest's end")
        try:
            self.process.wait(20 * self.patience)
        except subprocess.TimeoutExpired:
            raise Failure(f"the guest does not switch itself off; the console is {self.log}") from None

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
