// Event loop: an echo server on Asio's io_context, with a session object per connection.
//
// One thread runs Asio's io_context, the event loop. A session starts an operation, such as a read,
// with a handler, and returns. The loop waits for all sockets (epoll on Linux) and calls the
// handler when the operation is done; the handler starts the next one. It holds a shared_ptr to its
// session, so that the session lives as long as an operation is under way. A connection costs the
// session, its buffer and the operation that it waits for. A message costs two handlers. A handler
// that blocks or computes delays all clients of its thread. With `--threads N` several threads run
// the loop, and any of them may run a session's next handler. Choose this model for many
// connections where CPU and memory count: nothing is interpreted, and no GIL keeps threads from
// several CPUs.
//
// c10k serve boost_asio --port 9000
#include "framework/asio.hpp"
#include "framework/command_line.hpp"
#include "framework/listening.hpp"

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

using framework::CommandLine;
using namespace std::chrono_literals;

constexpr auto SHORTAGE_PAUSE = 100ms; // until the next accept when descriptors or memory ran out

/// A connection: read, write all of it, read again, until the peer has sent its last byte.
///
/// It lives as long as the operation that it waits for. There is one at a time: no two threads of
/// the loop are ever in the same session, and it needs no strand.
class Session : public std::enable_shared_from_this<Session> {
  public:
    Session(tcp::socket socket, const tcp::endpoint &peer, const CommandLine &command_line)
        : command_line_(command_line), peer_(peer), socket_(std::move(socket)),
          buffer_(new char[command_line.buffer]) {}

    void start() {
        command_line_.log.connected(peer_);
        error_code error;
        socket_.set_option(tcp::no_delay(true), error);
        if (error)
            broken(error);
        else
            read();
    }

  private:
    /// The handler of an operation: it keeps the session, goes on with `next`, and throws nothing.
    template <class Next> auto then(Next next) {
        return [this, self = shared_from_this(), next](error_code error, std::size_t size = 0) {
            try {
                if (!error)
                    next(size);
                else if (error == asio::error::eof)
                    command_line_.log.ended(peer_);
                else
                    broken(error);
            } catch (const std::exception &failure) {
                broken(failure);
            }
        };
    }

    void read() {
        socket_.async_read_some(asio::buffer(buffer_.get(), command_line_.buffer),
                                then([this](std::size_t size) { handle(size); }));
    }

    void handle(std::size_t size) {
        const framework::Handler &handler = command_line_.handler;
        if (!handler.sleep.count()) {
            handler.handle();
            return write(size);
        }
        auto timer = std::make_shared<asio::steady_timer>(socket_.get_executor(), handler.sleep);
        timer->async_wait(then([this, timer, size](std::size_t) { write(size); }));
    }

    void write(std::size_t size) {
        asio::async_write(
            socket_, asio::buffer(buffer_.get(), size), then([this](std::size_t sent) {
                if (command_line_.log.verbose)
                    command_line_.log.echoed(peer_, {buffer_.get(), sent});
                read();
            }));
    }

    template <class Error> void broken(const Error &error) {
        command_line_.log.broken(peer_, error);
    }

    const CommandLine &command_line_;
    const tcp::endpoint peer_; // by now the socket may not know it any more
    tcp::socket socket_;
    const std::unique_ptr<char[]> buffer_;
};

/// The loop, and the acceptor on it, which is armed anew after every accept.
class Server {
  public:
    Server(CommandLine &command_line, int threads)
        : command_line_(command_line), io_(threads),
          acceptor_(framework::listen(io_, command_line)), work_(asio::make_work_guard(io_)) {}

    /// Serve for ever, in any number of threads; `accepting` if one of them accepts already.
    void run(bool accepting) {
        for (;;) {
            try {
                if (!accepting)
                    accept();
                accepting = true;
                io_.run();
            } catch (const std::exception &error) {
                accepting = false; // a session lets nothing out: an accept has failed
                command_line_.log.shortage(error);
                io_.run_for(SHORTAGE_PAUSE); // the sessions go on meanwhile
            }
        }
    }

    void announce() const { framework::announce(acceptor_); }

  private:
    void accept() {
        acceptor_.async_accept(peer_, [this](error_code error, tcp::socket socket) {
            if (error)
                throw system_error(error);
            std::make_shared<Session>(std::move(socket), peer_, command_line_)->start();
            accept();
        });
    }

    CommandLine &command_line_;
    asio::io_context io_;
    tcp::acceptor acceptor_;
    asio::executor_work_guard<asio::io_context::executor_type> work_; // also while none is accepted
    tcp::endpoint peer_; // of the connection that is being accepted: there is one at a time
};

int main(int argc, char **argv) {
    int threads = 1;
    CommandLine command_line("boost_asio", "an echo server on an event loop");
    command_line.add(
        "--threads", "threads that run the event loop (1)",
        [&threads](std::string_view text) { threads = framework::parse_number(text, 1); });
    command_line.parse(argc, argv);
    framework::end_at_once_on_signals();
    Server server(command_line, threads);
    try {
        for (int started = 1; started < threads; ++started)
            std::thread(&Server::run, &server, true).detach();
    } catch (const std::exception &error) {
        command_line.fail(1, "cannot start so many threads: ", error);
    }
    server.announce();
    server.run(false);
}
