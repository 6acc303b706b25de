// SPDX-License-Identifier: MIT
// The static library from Rust, without its headers. LAYOUT in the environment
// of the compiler is a file with what the program `layout` printed, as constants.
// The exit status is 0 when a request went there and back, and an attack did not.
use std::ffi::{c_char, c_int, c_void, CStr};

#[allow(dead_code, non_upper_case_globals)]
mod layout {
    include!(env!("LAYOUT"));
}
use layout::*;

/// A C structure: bytes, with the fields at the offsets of the layout.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Structure<const BYTES: usize>([u8; BYTES]);

impl<const BYTES: usize> Structure<BYTES> {
    fn new() -> Self {
        Structure([0; BYTES])
    }
    fn put<T>(&mut self, offset: usize, value: T) {
        assert!(offset + std::mem::size_of::<T>() <= BYTES);
        unsafe { self.0.as_mut_ptr().add(offset).cast::<T>().write_unaligned(value) }
    }
    fn get<T: Copy>(&self, offset: usize) -> T {
        assert!(offset + std::mem::size_of::<T>() <= BYTES);
        unsafe { self.0.as_ptr().add(offset).cast::<T>().read_unaligned() }
    }
}

type Driver = Structure<vqg_driver>;
type Device = Structure<vqg_device>;
type Slot = Structure<vqg_slot>;
type Chain = Structure<vqg_chain>;
type CapTable = Structure<vqg_cap_table>;
type Policy = Structure<vqg_policy>;
type Caps = Structure<vqg_caps>;
type Queue = Structure<vqg_queue>;
type Cap = Structure<vqg_cap>;
type Seg = Structure<vqg_seg>;
type Done = Structure<vqg_done>;
type Violation = Structure<vqg_violation>;

#[link(name = "vqguard", kind = "static")]
extern "C" {
    fn vqg_status_name(status: c_int) -> *const c_char;
    fn vqg_profile_strict() -> Policy;
    fn vqg_in(buffer: *mut c_void, len: u32) -> Seg;
    fn vqg_out(buffer: *const c_void, len: u32) -> Seg;
    fn vqg_cap_table_init(t: *mut CapTable, caps: *mut Cap, count: u32, granule: u64) -> c_int;
    fn vqg_cap_table_caps(t: *mut CapTable) -> Caps;
    fn vqg_chain_init(c: *mut Chain, seg: *mut Seg, capacity: u32);
    fn vqg_chain_read(c: *const Chain, offset: u32, to: *mut c_void, bytes: u32) -> c_int;
    fn vqg_chain_write(c: *const Chain, offset: u32, from: *const c_void, bytes: u32) -> c_int;
    fn vqg_driver_init(d: *mut Driver, q: *const Queue, p: *const Policy, slots: *mut Slot, n: u32) -> c_int;
    fn vqg_driver_add(d: *mut Driver, seg: *const Seg, count: u32, cookie: *mut c_void) -> c_int;
    fn vqg_driver_kick(d: *mut Driver) -> bool;
    fn vqg_driver_take(d: *mut Driver, done: *mut Done) -> c_int;
    fn vqg_driver_violation(d: *const Driver) -> *const Violation;
    fn vqg_device_init(
        d: *mut Device, q: *const Queue, p: *const Policy, caps: *const Caps, slots: *mut Slot, n: u32,
    ) -> c_int;
    fn vqg_device_pop(d: *mut Device, c: *mut Chain) -> c_int;
    fn vqg_device_push(d: *mut Device, c: *mut Chain, written: u32) -> c_int;
    fn vqg_device_notify(d: *mut Device) -> bool;
}

fn expect(status: c_int, want: &str) {
    let name = unsafe { CStr::from_ptr(vqg_status_name(status)) };
    assert_eq!(name.to_str(), Ok(want));
}

const SIZE: usize = 8;

#[repr(align(16))]
struct Shared([u8; 1024]);

fn main() {
    let mut shared = Box::new(Shared([0; 1024]));
    let memory: *mut u8 = shared.0.as_mut_ptr();
    let at = |offset: usize| memory.wrapping_add(offset);
    let (used, question, answer) = (at(256), at(512), at(768));
    let mut queue = Queue::new();
    queue.put(vqg_queue__size, SIZE as u32);
    queue.put(vqg_queue__features, 1u64 << 32);
    for (pointer, address, part) in [
        (vqg_queue__desc, vqg_queue__desc_addr, at(0)),
        (vqg_queue__avail, vqg_queue__avail_addr, at(128)),
        (vqg_queue__used, vqg_queue__used_addr, used),
    ] {
        queue.put(pointer, part);
        queue.put(address, part as u64);
    }
    let mut cap = Cap::new();
    cap.put(vqg_cap__base, memory as u64);
    cap.put(vqg_cap__size, 1024u64);
    cap.put(vqg_cap__map, memory);
    cap.put(vqg_cap__rights, 3u32);
    let (mut table, mut chain, mut segs) = (CapTable::new(), Chain::new(), [Seg::new(); SIZE]);
    let (mut driver, mut driver_slots) = (Driver::new(), [Slot::new(); SIZE]);
    let (mut device, mut device_slots) = (Device::new(), [Slot::new(); SIZE]);
    let mut done = Done::new();
    let mut text = [0u8; 6];
    unsafe {
        let policy = vqg_profile_strict();
        expect(vqg_cap_table_init(&mut table, &mut cap, 1, 0), "OK");
        let caps = vqg_cap_table_caps(&mut table);
        vqg_chain_init(&mut chain, segs.as_mut_ptr(), SIZE as u32);
        expect(vqg_driver_init(&mut driver, &queue, &policy, driver_slots.as_mut_ptr(), SIZE as u32), "OK");
        expect(vqg_device_init(&mut device, &queue, &policy, &caps, device_slots.as_mut_ptr(), SIZE as u32), "OK");

        // There and back.
        let io = [vqg_out(question.cast(), 6), vqg_in(answer.cast(), 6)];
        question.copy_from(b"hello\0".as_ptr(), 6);
        expect(vqg_driver_add(&mut driver, io.as_ptr(), 2, 4711 as *mut c_void), "OK");
        assert!(vqg_driver_kick(&mut driver));
        expect(vqg_device_pop(&mut device, &mut chain), "OK");
        expect(vqg_chain_read(&chain, 0, text.as_mut_ptr().cast(), 6), "OK");
        assert_eq!(&text, b"hello\0");
        expect(vqg_chain_write(&chain, 0, b"world\0".as_ptr().cast(), 6), "OK");
        expect(vqg_device_push(&mut device, &mut chain, 6), "OK");
        assert!(vqg_device_notify(&mut device));
        expect(vqg_driver_take(&mut driver, &mut done), "OK");
        assert_eq!((done.get::<usize>(vqg_done__cookie), done.get::<u32>(vqg_done__len)), (4711, 6));
        answer.copy_to(text.as_mut_ptr(), 6);
        assert_eq!(&text, b"world\0");

        // The device returns id 0x10000, which a driver that narrows it takes for 0.
        expect(vqg_driver_add(&mut driver, io.as_ptr(), 2, 4712 as *mut c_void), "OK");
        assert!(vqg_driver_kick(&mut driver));
        used.add(4 + 8).copy_from([0u8, 0, 1, 0, 0, 0, 0, 0].as_ptr(), 8);
        used.add(2).write(2);
        expect(vqg_driver_take(&mut driver, &mut done), "USED_ID_RANGE");
        let violation = &*vqg_driver_violation(&driver);
        assert_eq!(violation.get::<u64>(vqg_violation__value), 0x10000);
        assert_eq!(violation.get::<u64>(vqg_violation__limit), SIZE as u64);
        expect(vqg_driver_take(&mut driver, &mut done), "DEAD");
    }
    println!("Rust: a round trip, and one attack refused");
}
