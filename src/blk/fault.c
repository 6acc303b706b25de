/* SPDX-License-Identifier: MIT */
#include "fault.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define WATCHED 32u

/* One thread: the handler interrupts no one who writes here. */
static struct {
    unsigned char *base;
    size_t bytes;
} watched[WATCHED];

static volatile sig_atomic_t seen;

static void handler(int number, siginfo_t *info, void *context)
{
    uintptr_t at = (uintptr_t)info->si_addr;
    unsigned i;
    (void)context;
    for (i = 0; i < WATCHED; i++) {
        uintptr_t base = (uintptr_t)watched[i].base;
        if (watched[i].bytes != 0u && at - base < watched[i].bytes) {
            /* The whole mapping, whatever the size of its pages: this client is lost in any case. */
            const void *zeroes = mmap(watched[i].base, watched[i].bytes, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
            if (zeroes != MAP_FAILED) {
                seen = 1;
                return;
            }
        }
    }
    /* Not ours: the access is made again, and ends the program as it would have. */
    (void)signal(number, SIG_DFL);
}

bool fault_init(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    return sigemptyset(&action.sa_mask) == 0 && sigaction(SIGBUS, &action, NULL) == 0;
}

bool fault_watch(void *base, size_t bytes)
{
    unsigned i;
    for (i = 0; i < WATCHED; i++) {
        if (watched[i].bytes == 0u) {
            watched[i].base = base;
            watched[i].bytes = bytes;
            return true;
        }
    }
    return false;
}

void fault_unwatch(const void *base)
{
    unsigned i;
    for (i = 0; i < WATCHED; i++) {
        if (watched[i].bytes != 0u && watched[i].base == base) {
            watched[i].bytes = 0;
        }
    }
}

bool fault_seen(void)
{
    return seen != 0;
}

void fault_forget(void)
{
    seen = 0;
}
