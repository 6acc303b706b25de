// SPDX-License-Identifier: MIT
// A driver and a device in one process, in C++: a request there and back, then
// the driver lends memory that is not its own and is refused. The exit status is
// 0 when all of it went as it should.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include <vqguard/vqguard.h>

std::string name_of(vqg_status status);

namespace {

constexpr std::uint32_t size = 8;

// What both sides can write.
struct Shared {
    alignas(VQG_DESC_ALIGN) unsigned char desc[VQG_DESC_BYTES * size];
    alignas(VQG_AVAIL_ALIGN) unsigned char avail[6 + 2 * size];
    alignas(VQG_USED_ALIGN) unsigned char used[6 + VQG_USED_ELEM_BYTES * size];
    std::array<char, 6> question;
    std::array<char, 6> answer;
};

std::uint64_t address(const void *p)
{
    return reinterpret_cast<std::uintptr_t>(p);
}

void expect(vqg_status got, vqg_status want)
{
    if (got != want) {
        throw std::runtime_error("got " + name_of(got) + " for " + name_of(want));
    }
}

void expect(bool holds, const char *what)
{
    if (!holds) {
        throw std::runtime_error(what);
    }
}

class Pair {
public:
    Pair() : driver_slots_(size), device_slots_(size), segs_(size)
    {
        vqg_queue queue = {};
        const vqg_policy policy = vqg_profile_strict();
        queue.size = size;
        queue.features = VQG_F_VERSION_1;
        queue.desc = shared.desc;
        queue.avail = shared.avail;
        queue.used = shared.used;
        queue.desc_addr = address(shared.desc);
        queue.avail_addr = address(shared.avail);
        queue.used_addr = address(shared.used);
        cap_.base = address(&shared);
        cap_.size = sizeof shared;
        cap_.map = &shared;
        cap_.rights = VQG_CAP_READ | VQG_CAP_WRITE;
        expect(vqg_cap_table_init(&table_, &cap_, 1, 0), VQG_OK);
        const vqg_caps caps = vqg_cap_table_caps(&table_);
        vqg_chain_init(&chain, segs_.data(), size);
        expect(vqg_driver_init(&driver, &queue, &policy, driver_slots_.data(), size), VQG_OK);
        expect(vqg_device_init(&device, &queue, &policy, &caps, device_slots_.data(), size), VQG_OK);
    }
    Pair(const Pair &) = delete;
    Pair &operator=(const Pair &) = delete;

    void lend(const vqg_seg &first, const vqg_seg &second, void *cookie)
    {
        const std::array<vqg_seg, 2> io = {{first, second}};
        expect(vqg_driver_add(&driver, io.data(), 2, cookie), VQG_OK);
        expect(vqg_driver_kick(&driver), "the device wants a kick");
    }

    Shared shared = {};
    vqg_driver driver;
    vqg_device device;
    vqg_chain chain;

private:
    vqg_cap cap_ = {};
    vqg_cap_table table_;
    std::vector<vqg_slot> driver_slots_;
    std::vector<vqg_slot> device_slots_;
    std::vector<vqg_seg> segs_;
};

void round_trip(Pair &pair)
{
    std::array<char, 6> text = {{}};
    vqg_done done;
    Shared &shared = pair.shared;
    std::memcpy(shared.question.data(), "hello", 6);
    pair.lend(vqg_out(shared.question.data(), 6), vqg_in(shared.answer.data(), 6), &pair);

    expect(vqg_device_pop(&pair.device, &pair.chain), VQG_OK);
    expect(vqg_chain_read(&pair.chain, 0, text.data(), 6), VQG_OK);
    expect(std::string(text.data()) == "hello", "the device reads the question");
    expect(vqg_chain_write(&pair.chain, 0, "world", 6), VQG_OK);
    expect(vqg_device_push(&pair.device, &pair.chain, 6), VQG_OK);
    expect(vqg_device_notify(&pair.device), "the driver wants an interrupt");

    expect(vqg_driver_take(&pair.driver, &done), VQG_OK);
    expect(done.cookie == &pair && done.len == 6, "the cookie comes back, with the length");
    expect(std::string(shared.answer.data()) == "world", "the driver reads the answer");
}

void attack(Pair &pair)
{
    int secret = 0; // outside of what the capability covers
    pair.lend(vqg_out(pair.shared.question.data(), 6), vqg_in(&secret, sizeof secret), &pair);
    expect(vqg_device_pop(&pair.device, &pair.chain), VQG_V_CAPABILITY);
    expect(vqg_device_violation(&pair.device)->value == address(&secret), "the record names the address");
    expect(vqg_device_pop(&pair.device, &pair.chain), VQG_DEAD);
}

} // namespace

int main()
{
    try {
        Pair pair;
        round_trip(pair);
        attack(pair);
    } catch (const std::exception &problem) {
        std::fprintf(stderr, "round_trip: %s\n", problem.what());
        return 1;
    }
    std::printf("vqguard %s: a round trip, and one attack refused by %s\n", VQG_VERSION_STRING,
                vqg_rule_id(VQG_RULE_CAPABILITY));
    return 0;
}
