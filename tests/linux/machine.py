# SPDX-License-Identifier: MIT
"""A Linux guest under QEMU."""
import json
import os
import pathlib
import re
import socket
import subprocess
import threading
import time

from disk import BUILD, Failure, start

GUEST = BUILD / "linux"
MEMORY = 512
# What a guest's answer is in its kernel's log, and what the kernel says of a disk or of itself that is not well.
ANSWER = re.compile(r"^\[ *\d+\.\d+\] ((ok|FAIL) .*|DONE)$")
COMPLAINT = re.compile(r"I/O error|EXT4-fs (error|warning)|JBD2: Error|\bBUG\b|Oops|Call Trace|WARNING:|panic - not|"
                       r"blocked for more than|virtio\S* .*([Ee]rror|fail|not a head|out of range|[Bb]ad|[Uu]nexp)|"
                       r"general protection|stall|lockup|[Cc]orrupt|nobody cared|Unknown symbol")


def accelerator():
    """What QEMU is to run the guest with. There are a /dev/kvm and processors that run no common kernel with it."""
    flags = re.search(r"^flags\s*:(.*)", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    hardware = flags and {"vmx", "svm"} & set(flags.group(1).split())
    return "kvm" if hardware and os.access("/dev/kvm", os.R_OK | os.W_OK) else "tcg"


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
                mhz = re.search(r"^cpu MHz\s*: ([\d.]+)", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
                append += f" tsc_early_khz={float(mhz.group(1)) * 1000:.0f}" if mhz else ""
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
        seconds *= self.patience
        until = time.monotonic() + seconds
        with self._arrived:
            while True:
                result = found()
                if result is not None:
                    return result
                left = until - time.monotonic()
                if left <= 0 or self.process.poll() is not None:
                    how = "QEMU has ended" if self.process.poll() is not None else f"not within {seconds:.0f} s"
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
