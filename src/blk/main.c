/* SPDX-License-Identifier: MIT */
/* A vhost-user-blk back end that does not trust its guest, and on request one that no guest should trust. */
#include "fault.h"
#include "hostile.h"
#include "options.h"
#include "report.h"
#include "session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

struct server {
    struct loop loop;
    struct watch listener;
    struct watch client;
    struct watch signals;
    struct watch storage;
    struct session session;
    const char *drop; /* why the client is to go; null: it is not */
    bool served;      /* a client came */
    bool over;        /* a signal came */
};

static void tick(int number)
{
    (void)number; /* a system call that waits returns */
}

/* While there is a client nothing waits for longer than a second that is the client's to end. */
static void tick_each_second(bool on)
{
    const struct timeval second = {on ? 1 : 0, 0};
    const struct itimerval every = {second, second};
    (void)setitimer(ITIMER_REAL, &every, NULL);
}

static void came(void *context)
{
    struct server *s = context;
    struct sockaddr_un from;
    socklen_t bytes = sizeof from;
    int sock = accept4(s->listener.fd, (struct sockaddr *)&from, &bytes, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (sock < 0) {
        return; /* it has gone already */
    }
    report_client();
    s->client.fd = sock;
    s->served = true;
    tick_each_second(true);
    session_begin(&s->session, sock);
    if (!loop_add(&s->loop, &s->client, false)) {
        s->drop = strerror(errno);
    }
    /* The others wait until this one has gone. */
    loop_remove(&s->loop, &s->listener);
    report_detail("a client");
    report_event("client", "%s", "");
}

static void said(void *context)
{
    struct server *s = context;
    s->drop = session_receive(&s->session);
}

static void ended(void *context)
{
    (void)context; /* session_work() looks */
}

static void signalled(void *context)
{
    struct server *s = context;
    s->over = true;
}

static void drop(struct server *s)
{
    const bool gone = s->drop[0] == '\0';
    if (gone) {
        report_detail("the client has gone");
    } else {
        report_say("the client is dropped: %s", s->drop);
    }
    report_event("client-gone", ",\"reason\":\"%s\"", gone ? "closed" : s->drop);
    s->drop = NULL;
    loop_remove(&s->loop, &s->client);
    session_end(&s->session);
    tick_each_second(false);
    fault_forget();
    if (!loop_add(&s->loop, &s->listener, false)) {
        s->over = true;
    }
}

static bool watch(struct server *s, struct watch *w, int fd, void (*ready)(void *context))
{
    w->fd = fd;
    w->ready = ready;
    w->context = s;
    return loop_add(&s->loop, w, false);
}

static int listen_at(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct stat st;
    int sock;
    if (strlen(path) >= sizeof addr.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(addr.sun_path, path, strlen(path) + 1u);
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode)) {
        (void)unlink(path); /* of a process that ended without doing so */
    }
    sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sock < 0 || bind(sock, (struct sockaddr *)&addr, sizeof addr) != 0 || listen(sock, 8) != 0) {
        return -1;
    }
    return sock;
}

static int signal_fd(void)
{
    const struct sigaction on_tick = {.sa_handler = tick}; /* without SA_RESTART */
    sigset_t set;
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigaction(SIGALRM, &on_tick, NULL) != 0 || sigemptyset(&set) != 0 || sigaddset(&set, SIGTERM) != 0 ||
        sigaddset(&set, SIGINT) != 0 || sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static void serve(struct server *s, const struct options *o)
{
    bool more = false;
    while (!s->over && !(o->once && s->served && s->session.sock < 0)) {
        if (!loop_turn(&s->loop, more ? 0 : hostile_wait())) {
            report_say("waiting failed: %s", strerror(errno));
            return;
        }
        more = session_work(&s->session);
        if (fault_seen()) {
            s->drop = "it took memory away that it had shared";
        }
        if (s->session.world.stuck) {
            s->drop = "it makes its interrupts wait";
        }
        if (s->drop != NULL) {
            drop(s);
            more = false;
        }
    }
}

static int run(struct server *s, const struct options *o, const struct disk *disk, struct engine *engine)
{
    struct vqg_cap range = {.size = disk->sectors,
                            .rights = disk->read_only ? VQG_CAP_READ : VQG_CAP_READ | VQG_CAP_WRITE};
    struct vqg_cap_table table;
    struct vqg_caps sectors;
    int sock;
    if (vqg_cap_table_init(&table, &range, 1u, 0u) != VQG_OK || !loop_open(&s->loop) || !fault_init()) {
        report_say("cannot be set up: %s", strerror(errno));
        return 1;
    }
    sectors = vqg_cap_table_caps(&table);
    sock = listen_at(o->socket);
    if (sock < 0) {
        report_say("cannot listen at %s: %s", o->socket, strerror(errno));
        return 1;
    }
    session_init(&s->session, &s->loop, engine, disk, o->queues, &sectors, o->serial);
    hostile_config(s->session.config);
    s->client.ready = said;
    s->client.context = s;
    if (!watch(s, &s->listener, sock, came) || !watch(s, &s->signals, signal_fd(), signalled) ||
        (engine_fd(engine) >= 0 && !watch(s, &s->storage, engine_fd(engine), ended))) {
        report_say("cannot be set up: %s", strerror(errno));
        return 1;
    }
    report_say("%s, %llu sectors%s, through %s, at %s", o->image, (unsigned long long)disk->sectors,
               disk->read_only ? ", read-only" : "", engine_name(engine), o->socket);
    report_event("ready", "%s", "");
    serve(s, o);
    session_end(&s->session);
    (void)unlink(o->socket);
    report_event("end", ",\"requests\":%llu,\"bytes_read\":%llu,\"bytes_written\":%llu,\"dropped\":%llu",
                 (unsigned long long)s->session.world.total.requests,
                 (unsigned long long)s->session.world.total.bytes_read,
                 (unsigned long long)s->session.world.total.bytes_written,
                 (unsigned long long)s->session.world.total.dropped);
    return hostile_missed() ? 3 : 0;
}

int main(int argc, char **argv)
{
    static struct server server;
    struct options options;
    struct disk disk;
    struct engine *engine;
    const char *why;
    int status;
    options_read(&options, argc, argv);
    why = disk_open(&disk, options.image, options.read_only);
    if (why != NULL) {
        report_say("cannot open %s: %s", options.image, why);
        return 1;
    }
    engine = engine_open(options.engine, &disk);
    if (engine == NULL) {
        report_say("there is no io_uring here: try --engine sync");
        disk_close(&disk);
        return 1;
    }
    status = run(&server, &options, &disk, engine);
    engine_close(engine);
    disk_close(&disk);
    return status;
}
