// Thread per connection: an echo server on Asio's blocking sockets and nothing else.
//
// The main thread waits in accept() and starts a thread for each connection. That thread waits in
// read_some() for its one client, replies with write(), and ends with the connection. The kernel's
// scheduler decides which threads run, on all CPUs at once: there is no GIL. A connection costs a
// thread, which is a stack in the process and one in the kernel, and a buffer. A message costs
// waking that thread, and usually a context switch. Choose this model where the code has to block
// or to compute, and where clients are few or mostly wait: the code reads from top to bottom, and a
// handler that blocks delays no other client.
//
// c10k serve boost_threads --port 9000
#include "framework/asio.hpp"
#include "framework/command_line.hpp"
#include "framework/listening.hpp"

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <pthread.h>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using framework::CommandLine;
using namespace std::chrono_literals;

constexpr auto SHORTAGE_PAUSE = 100ms; // until the next accept when something ran out

/// Send everything back until the peer has sent its last byte.
void converse(tcp::socket connection, const tcp::endpoint peer, const CommandLine &command_line) {
    try {
        command_line.log.connected(peer);
        connection.set_option(tcp::no_delay(true));
        std::vector<char> buffer(command_line.buffer);
        for (;;) {
            error_code error;
            const std::size_t size = connection.read_some(asio::buffer(buffer), error);
            if (error == asio::error::eof)
                break;
            if (error)
                throw system_error(error);
            command_line.handler.handle();
            asio::write(connection, asio::buffer(buffer, size));
            if (command_line.log.verbose)
                command_line.log.echoed(peer, {buffer.data(), size});
        }
        command_line.log.ended(peer);
    } catch (const std::exception &error) {
        command_line.log.broken(peer, error);
    }
}

/// Set the stack of all threads that start from now on: std::thread has no parameter for it.
void set_stack(std::string_view text) {
    pthread_attr_t attributes;
    pthread_getattr_default_np(&attributes);
    if (pthread_attr_setstacksize(&attributes, framework::parse_number<std::size_t>(text)) ||
        pthread_setattr_default_np(&attributes))
        throw std::invalid_argument("is not a size that a stack can have");
}

int main(int argc, char **argv) {
    CommandLine command_line("boost_threads", "an echo server with a thread per connection");
    command_line.add("--stack", "bytes of stack per thread (ulimit -s)", set_stack);
    command_line.parse(argc, argv);
    framework::end_at_once_on_signals();
    asio::io_context io;
    tcp::acceptor acceptor = framework::listen(io, command_line);
    framework::announce(acceptor);
    for (;;) {
        try {
            tcp::endpoint peer;
            tcp::socket connection = acceptor.accept(peer);
            std::thread(converse, std::move(connection), peer, std::cref(command_line)).detach();
        } catch (const std::exception &error) { // no descriptor, memory or thread is left
            command_line.log.shortage(error);
            std::this_thread::sleep_for(SHORTAGE_PAUSE);
        }
    }
}
