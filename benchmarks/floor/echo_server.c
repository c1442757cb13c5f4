/* The floor for servers: a bare epoll echo server, one thread per process.
 *
 * ./echo_server PORT [PROCESSES] prints {"port": ..., "pid": ...} when it listens; PORT 0 is a free
 * one. Several processes share the port by SO_REUSEPORT, each with file descriptors of its own. If a
 * peer does not read, its echo waits in the connection's buffer, and the server reads no more from
 * that peer until the buffer is empty.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 65535 /* the kernel lowers it to net.core.somaxconn */
#define BUFFER 16384
#define EVENTS 1024
#define PROCESSES 64

struct connection {
    int fd;
    size_t begin, end; /* the bytes of buffer still to be sent */
    char buffer[];     /* touched only as far as messages reach */
};

static int epoll;

static void fail(const char *what) {
    fprintf(stderr, "echo_server: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void end(int signal_number) {
    (void)signal_number;
    _exit(0);
}

/* A socket that listens on the port, or on a free one for 0, which it then sets. */
static int listen_on(int *port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes)
        || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes)
        || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, BACKLOG)
        || getsockname(fd, (struct sockaddr *)&address, &length))
        fail("cannot listen");
    *port = ntohs(address.sin_port);
    return fd;
}

static void accept_all(int listener) {
    int fd, yes = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *c = malloc(sizeof *c + BUFFER);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        if (!c || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) {
            fprintf(stderr, "echo_server: connection refused: %s\n", strerror(errno));
            free(c);
            close(fd);
            continue;
        }
        c->fd = fd;
        c->begin = c->end = 0;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    if (errno != EAGAIN && errno != ECONNABORTED) { /* no descriptor, no memory: do not spin */
        fprintf(stderr, "echo_server: cannot accept: %s\n", strerror(errno));
        usleep(10000);
    }
}

static void drop(struct connection *c) {
    close(c->fd);
    free(c);
}

static void wait_for(struct connection *c, unsigned events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event))
        fail("epoll_ctl");
}

/* Sends what is left. Returns 1 when all is out, 0 when the peer must read first, -1 if broken. */
static int flush(struct connection *c) {
    while (c->begin < c->end) {
        ssize_t n = send(c->fd, c->buffer + c->begin, c->end - c->begin, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN ? 0 : -1;
        c->begin += n;
    }
    return 1;
}

static void serve(struct connection *c, unsigned events) {
    if (events & EPOLLOUT) {
        int state = flush(c);
        if (state < 0)
            drop(c);
        else if (state)
            wait_for(c, EPOLLIN);
        return; /* level-triggered: what came meanwhile is reported again */
    }
    ssize_t n = recv(c->fd, c->buffer, BUFFER, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        drop(c);
        return;
    }
    c->begin = 0;
    c->end = n;
    int state = flush(c);
    if (state < 0)
        drop(c);
    else if (!state)
        wait_for(c, EPOLLOUT);
}

int main(int argc, char **argv) {
    struct epoll_event events[EVENTS], listening = {.events = EPOLLIN};
    struct rlimit descriptors;
    int listeners[PROCESSES], processes = argc == 3 ? atoi(argv[2]) : 1;
    if (argc < 2 || argc > 3 || processes < 1 || processes > PROCESSES) {
        fprintf(stderr, "usage: %s PORT [PROCESSES, 1 to %d]\n", argv[0], PROCESSES);
        return 2;
    }
    signal(SIGTERM, end);
    signal(SIGINT, end);
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);

    int port = atoi(argv[1]), listener = 0;
    for (int i = 0; i < processes; i++) /* all listen before anybody is told */
        listeners[i] = listen_on(&port);
    pid_t parent = getpid();
    for (int i = processes - 1; i > 0; i--) {
        pid_t child = fork();
        if (child < 0)
            fail("cannot fork");
        if (child == 0) { /* ends with its parent, which may have ended already */
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            if (getppid() != parent)
                return 0;
            listener = i;
            break;
        }
    }
    for (int i = 0; i < processes; i++)
        if (i != listener)
            close(listeners[i]);
    if (listener == 0) {
        printf("{\"port\": %d, \"pid\": %d}\n", port, getpid());
        fflush(stdout);
    }
    listener = listeners[listener];
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening))
        fail("epoll");
    for (;;) {
        int n = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++)
            if (events[i].data.ptr)
                serve(events[i].data.ptr, events[i].events);
            else
                accept_all(listener);
    }
}
