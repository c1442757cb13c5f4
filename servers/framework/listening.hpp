// Listening as the command line says, and ending on a signal.
#pragma once

#include "framework/asio.hpp"
#include "framework/command_line.hpp"

#include <csignal>
#include <cstdio>
#include <string>
#include <unistd.h>

namespace framework {

/// Leave on SIGTERM and SIGINT, whatever the threads do; the kernel closes their sockets.
inline void end_at_once_on_signals() {
    std::signal(SIGTERM, [](int) { _exit(0); });
    std::signal(SIGINT, [](int) { _exit(0); });
    std::signal(SIGPIPE, SIG_IGN); // nobody reads the log
}

/// Bind and listen, or exit with a line that says why not.
inline tcp::acceptor listen(asio::io_context &io, const CommandLine &command_line) {
    if (command_line.port < 0 || command_line.port > 65'535)
        command_line.fail(1, "cannot listen: port must be 0-65535");
    const bool v6 = command_line.host.find(':') != std::string::npos;
    try {
        const auto found = tcp::resolver(io).resolve(
            v6 ? tcp::v6() : tcp::v4(), command_line.host, std::to_string(command_line.port),
            tcp::resolver::passive | tcp::resolver::numeric_service);
        tcp::acceptor acceptor(io, v6 ? tcp::v6() : tcp::v4());
        acceptor.set_option(tcp::acceptor::reuse_address(true));
        if (v6)
            acceptor.set_option(asio::ip::v6_only(true));
        acceptor.bind(found.begin()->endpoint());
        acceptor.listen(command_line.backlog);
        return acceptor;
    } catch (const system_error &error) {
        command_line.fail(1, "cannot listen: ", error.code());
    }
}

/// Print the address as a line of JSON: whoever started the server waits for it.
inline void announce(const tcp::acceptor &acceptor) {
    const tcp::endpoint local = acceptor.local_endpoint();
    const std::string host = local.address().to_string();
    const std::string said = host == "127.0.0.1" ? "" : ", \"host\": \"" + host + '"';
    std::printf("{\"port\": %d, \"pid\": %d%s}\n", local.port(), getpid(), said.c_str());
    std::fflush(stdout);
}

} // namespace framework
