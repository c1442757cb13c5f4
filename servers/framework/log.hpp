// The log of a server's connections, on standard error.
#pragma once

#include "framework/asio.hpp"

#include <exception>
#include <sstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace framework {

/// Writes lines: errors always, connections and messages if `verbose`.
///
/// A line is one system call: threads neither wait for each other nor mix their lines.
class Log {
  public:
    bool verbose = false;

    explicit Log(std::string name) : name_(std::move(name)) {}

    /// A client has connected.
    void connected(const tcp::endpoint &peer) const {
        if (verbose)
            line(peer, ": connected");
    }

    /// A read was answered. Call it only if `verbose`: it costs a system call per message.
    void echoed(const tcp::endpoint &peer, std::string_view data) const {
        line(peer, ": echoed ", data.size(), " bytes: ", Quoted{data});
    }

    /// The client has sent its last byte, and has got all of them back.
    void ended(const tcp::endpoint &peer) const {
        if (verbose)
            line(peer, ": end of file");
    }

    /// A connection ended otherwise.
    template <class Error> void broken(const tcp::endpoint &peer, const Error &error) const {
        line(peer, ": connection broken: ", error);
    }

    /// A connection could not be served: no descriptor, memory or thread is left.
    void shortage(const std::exception &error) {
        line("cannot accept: ", error, " (", ++shortages_, " times so far)");
    }

    /// Any other line.
    template <class... Parts> void line(const Parts &...parts) const noexcept {
        try {
            std::ostringstream text;
            text << name_ << ": ";
            (put(text, parts), ...);
            const std::string whole = text.str() + '\n';
            [[maybe_unused]] const auto written = ::write(2, whole.data(), whole.size());
        } catch (const std::exception &) { // no memory for a line
        }
    }

  private:
    /// Bytes as Python writes them, so that the logs of all servers read alike.
    struct Quoted {
        std::string_view data;

        friend std::ostream &operator<<(std::ostream &out, const Quoted &quoted) {
            constexpr char HEX[] = "0123456789abcdef";
            out << "b'";
            for (const unsigned char byte : quoted.data) {
                if (byte == '\'' || byte == '\\')
                    out << '\\' << byte;
                else if (byte >= ' ' && byte <= '~')
                    out << byte;
                else
                    out << "\\x" << HEX[byte >> 4] << HEX[byte & 15];
            }
            return out << '\'';
        }
    };

    template <class Part> static void put(std::ostream &out, const Part &part) { out << part; }
    static void put(std::ostream &out, const error_code &error) { out << error.message(); }
    static void put(std::ostream &out, const std::exception &error) {
        // what() would add the function, and with some versions the line of the source.
        if (const auto *known = dynamic_cast<const system_error *>(&error))
            put(out, known->code());
        else
            out << error.what();
    }

    std::string name_;
    int shortages_ = 0;
};

} // namespace framework
