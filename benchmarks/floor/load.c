/* The floor for loaders: a bare epoll closed loop on one thread.
 *
 * ./load HOST PORT CONNECTIONS SECONDS SIZE opens all connections, then sends a message on each, and
 * the next when the echo is complete. It neither verifies nor times messages.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 1024
#define BUFFER 65536

static char message[BUFFER], reply[BUFFER];

static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static int connect_to(const char *host, int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    struct linger reset = {.l_onoff = 1}; /* no TIME_WAIT: it would use up the ports */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        fprintf(stderr, "load: HOST must be an IPv4 address, not %s\n", host);
        exit(2);
    }
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address))
        fail("cannot connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    return fd;
}

static void send_message(int fd, size_t size) {
    if (send(fd, message, size, MSG_NOSIGNAL) != (ssize_t)size) /* a blocking send takes it all */
        fail("send");
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: %s HOST PORT CONNECTIONS SECONDS SIZE\n", argv[0]);
        return 2;
    }
    int connections = atoi(argv[3]);
    double duration = atof(argv[4]);
    size_t size = atoi(argv[5]);
    if (connections < 1 || duration <= 0 || size < 1 || size > BUFFER) {
        fprintf(stderr, "load: CONNECTIONS and SECONDS above 0, SIZE from 1 to %d\n", BUFFER);
        return 2;
    }
    struct rlimit descriptors;
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);

    memset(message, 'x', sizeof message);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int *fds = calloc(connections, sizeof *fds);
    size_t *received = calloc(connections, sizeof *received);
    if (epoll < 0 || !fds || !received)
        fail("cannot start");
    double connecting = seconds(CLOCK_MONOTONIC);
    for (int i = 0; i < connections; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        fds[i] = connect_to(argv[1], atoi(argv[2]));
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event))
            fail("epoll_ctl");
    }
    double start = seconds(CLOCK_MONOTONIC), now = start;
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    long long messages = 0;
    for (int i = 0; i < connections; i++)
        send_message(fds[i], size);
    while (now < start + duration) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(epoll, events, EVENTS, 100);
        for (int i = 0; i < n; i++) {
            unsigned k = events[i].data.u32;
            ssize_t got = recv(fds[k], reply, size - received[k], 0);
            if (got <= 0)
                fail(got ? "recv" : "the server closed a connection");
            received[k] += got;
            if (received[k] == size) {
                received[k] = 0;
                messages++;
                send_message(fds[k], size);
            }
        }
        now = seconds(CLOCK_MONOTONIC);
    }
    double elapsed = now - start;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("{\"connections\": %d, \"messages\": %lld, \"seconds\": %.3f, \"messages_per_s\": %.0f, "
           "\"cpu_s\": %.3f, \"cpu_us_per_message\": %.3f, \"connect_s\": %.3f}\n",
           connections, messages, elapsed, messages / elapsed, cpu,
           messages ? cpu / messages * 1e6 : 0, start - connecting);
    return 0;
}
