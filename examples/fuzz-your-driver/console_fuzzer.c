/* SPDX-License-Identifier: MIT */
/* All that a campaign needs to know of this driver. */
#include "console.h"
#include "your_driver.h"

static struct console console;

static void begin(const struct vqg_queue *queue, unsigned char *memory, size_t bytes)
{
    HOLDS(bytes >= CONSOLE_BUFFERS * CONSOLE_MESSAGE && console_init(&console, queue, memory), "set-up");
}

static void work(uint32_t what)
{
    (void)what; /* it only listens */
}

static void interrupt(void)
{
    console_interrupt(&console);
    HOLDS(vqg_driver_free(&console.queue) <= 16u, "more buffers than there are");
}

const struct your_driver your_driver = {"console", begin, work, interrupt};
