#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drive the shared library from another language, without its headers.

  round_trip.py LIBRARY LAYOUT    LAYOUT: what the program `layout` printed

A driver and a device exchange a request; then the device lies and is refused.
The exit status is 0 when all of it went as it should.
"""

import ctypes
import sys
from ctypes import POINTER, addressof, c_bool, c_char_p, c_int, c_uint32, c_uint64, c_uint8, c_void_p

SIZE = 8
VERSION_1 = 1 << 32
READ, WRITE = 1, 2

library = ctypes.CDLL(sys.argv[1])
with open(sys.argv[2], encoding="ascii") as text:
    layout = {name: int(number) for name, number in (line.split() for line in text)}


def structure(name):
    """The C structure as words, with fields by the offsets of the layout."""

    class Structure(ctypes.Structure):
        _fields_ = [("words", c_uint64 * (layout[name] // 8))]

        def field(self, field, kind):
            return kind.from_buffer(self, layout[f"{name}.{field}"])

    return Structure


Driver, Device, Slot, Chain, CapTable, Policy, Caps, Queue, Cap, Seg, Done, Violation = map(
    structure,
    "vqg_driver vqg_device vqg_slot vqg_chain vqg_cap_table vqg_policy vqg_caps vqg_queue vqg_cap vqg_seg "
    "vqg_done vqg_violation".split(),
)


def function(name, result, *arguments):
    f = getattr(library, name)
    f.restype, f.argtypes = result, arguments
    return f


status_name = function("vqg_status_name", c_char_p, c_int)
rule_id = function("vqg_rule_id", c_char_p, c_int)
profile_strict = function("vqg_profile_strict", Policy)
vqg_in = function("vqg_in", Seg, c_void_p, c_uint32)
vqg_out = function("vqg_out", Seg, c_void_p, c_uint32)
cap_table_init = function("vqg_cap_table_init", c_int, POINTER(CapTable), POINTER(Cap), c_uint32, c_uint64)
cap_table_caps = function("vqg_cap_table_caps", Caps, POINTER(CapTable))
chain_init = function("vqg_chain_init", None, POINTER(Chain), POINTER(Seg), c_uint32)
chain_read = function("vqg_chain_read", c_int, POINTER(Chain), c_uint32, c_void_p, c_uint32)
chain_write = function("vqg_chain_write", c_int, POINTER(Chain), c_uint32, c_void_p, c_uint32)
driver_init = function(
    "vqg_driver_init", c_int, POINTER(Driver), POINTER(Queue), POINTER(Policy), POINTER(Slot), c_uint32
)
driver_add = function("vqg_driver_add", c_int, POINTER(Driver), POINTER(Seg), c_uint32, c_void_p)
driver_kick = function("vqg_driver_kick", c_bool, POINTER(Driver))
driver_take = function("vqg_driver_take", c_int, POINTER(Driver), POINTER(Done))
driver_violation = function("vqg_driver_violation", POINTER(Violation), POINTER(Driver))
device_init = function(
    "vqg_device_init", c_int, POINTER(Device), POINTER(Queue), POINTER(Policy), POINTER(Caps), POINTER(Slot), c_uint32
)
device_pop = function("vqg_device_pop", c_int, POINTER(Device), POINTER(Chain))
device_push = function("vqg_device_push", c_int, POINTER(Device), POINTER(Chain), c_uint32)
device_notify = function("vqg_device_notify", c_bool, POINTER(Device))


def expect(got, want):
    """A status by its name, anything else by its value."""
    if isinstance(want, str):
        got = status_name(got).decode()
    if got != want:
        sys.exit(f"round_trip.py: got {got!r} for {want!r}")


# What both sides can write, 16-byte aligned; the rest is private.
arena = (c_uint8 * (1024 + 16))()
memory = addressof(arena) + -addressof(arena) % 16
desc, avail, used, question, answer = (memory + offset for offset in (0, 128, 256, 512, 768))

queue, cap, table, chain = Queue(), Cap(), CapTable(), Chain()
driver, driver_slots, device, device_slots, segs = Driver(), (Slot * SIZE)(), Device(), (Slot * SIZE)(), (Seg * SIZE)()
policy, done = profile_strict(), Done()
queue.field("size", c_uint32).value = SIZE
queue.field("features", c_uint64).value = VERSION_1
for name, part in (("desc", desc), ("avail", avail), ("used", used)):
    queue.field(name, c_void_p).value = part
    queue.field(f"{name}_addr", c_uint64).value = part
cap.field("base", c_uint64).value = memory
cap.field("size", c_uint64).value = 1024
cap.field("map", c_void_p).value = memory
cap.field("rights", c_uint32).value = READ | WRITE
expect(cap_table_init(table, cap, 1, 0), "OK")
caps = cap_table_caps(table)
chain_init(chain, segs, SIZE)
expect(driver_init(driver, queue, policy, driver_slots, SIZE), "OK")
expect(device_init(device, queue, policy, caps, device_slots, SIZE), "OK")


def lend(cookie):
    io = (Seg * 2)(vqg_out(question, 6), vqg_in(answer, 6))
    expect(driver_add(driver, io, 2, cookie), "OK")
    expect(driver_kick(driver), True)


# There and back.
ctypes.memmove(question, b"hello", 6)
lend(4711)
copy = ctypes.create_string_buffer(6)
expect(device_pop(device, chain), "OK")
expect(chain_read(chain, 0, copy, 6), "OK")
expect(copy.value, b"hello")
expect(chain_write(chain, 0, b"world", 6), "OK")
expect(device_push(device, chain, 6), "OK")
expect(device_notify(device), True)
expect(driver_take(driver, done), "OK")
expect(done.field("cookie", c_void_p).value, 4711)
expect(done.field("len", c_uint32).value, 6)
expect(ctypes.string_at(answer), b"world")
expect(driver_take(driver, done), "EMPTY")

# The device returns id 0x10000, which a driver that narrows it takes for 0.
lend(4712)
ctypes.memmove(used + 4 + 8, (0x10000).to_bytes(4, "little") + bytes(4), 8)
ctypes.memmove(used + 2, (2).to_bytes(2, "little"), 2)
expect(driver_take(driver, done), "USED_ID_RANGE")
violation = driver_violation(driver).contents
expect(violation.field("value", c_uint64).value, 0x10000)
expect(violation.field("limit", c_uint64).value, SIZE)
expect(driver_take(driver, done), "DEAD")
print(f"ctypes: a round trip, and one attack refused by {rule_id(violation.field('rule', c_uint32).value).decode()}")
