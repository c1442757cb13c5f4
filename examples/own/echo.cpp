// An echo server with a thread per connection: ./echo PORT
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

void serve(int client) {
    char buffer[1024];
    for (ssize_t size; (size = recv(client, buffer, sizeof buffer, 0)) > 0;)
        for (ssize_t sent = 0, part; sent < size; sent += part)
            if ((part = send(client, buffer + sent, size - sent, MSG_NOSIGNAL)) <= 0) break;
    close(client);
}

int main(int, char **argv) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(std::atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (sockaddr *)&address, sizeof address) || listen(listener, 1024))
        return std::perror("echo"), 1;
    for (int client; (client = accept(listener, nullptr, nullptr)) >= 0;)
        std::thread(serve, client).detach();
}
