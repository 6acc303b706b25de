/* SPDX-License-Identifier: MIT */
#include "loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

bool loop_open(struct loop *loop)
{
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    return loop->epoll >= 0;
}

void loop_close(struct loop *loop)
{
    (void)close(loop->epoll);
}

bool loop_add(struct loop *loop, struct watch *w, bool edge)
{
    struct epoll_event event = {.events = EPOLLIN | (edge ? (uint32_t)EPOLLET : 0u), .data.ptr = w};
    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, w->fd, &event) == 0;
}

void loop_remove(struct loop *loop, const struct watch *w)
{
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, w->fd, NULL);
}

bool loop_turn(struct loop *loop, int milliseconds)
{
    struct epoll_event event;
    int n = epoll_wait(loop->epoll, &event, 1, milliseconds);
    if (n > 0) {
        const struct watch *w = event.data.ptr;
        w->ready(w->context);
    }
    return n >= 0 || errno == EINTR;
}
