// The command line of the servers in C++. servers/framework/options.py describes the options.
#pragma once

#include "framework/handler.hpp"
#include "framework/log.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace framework {

/// Read a whole number in decimal. Throws std::invalid_argument.
template <class Number = int>
Number parse_number(std::string_view text, Number least = std::numeric_limits<Number>::min()) {
    Number number = 0;
    const char *const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stopped != end)
        throw std::invalid_argument("must be a whole number, not '" + std::string(text) + "'");
    if (number < least)
        throw std::invalid_argument("must be at least " + std::to_string(least));
    return number;
}

/// The arguments of all servers in C++; a server adds its own before it calls parse().
class CommandLine {
  public:
    std::string host = "127.0.0.1";
    int port = 0;
    std::size_t buffer = 1024;
    int backlog = 65'535; // listen(2) lowers it to net.core.somaxconn: as many as this host allows
    Handler handler;
    Log log;

    CommandLine(std::string name, std::string about)
        : log(name), name_(std::move(name)), about_(std::move(about)) {
        using Text = std::string_view;
        add("--host", "address to bind (127.0.0.1)", [this](Text text) { host = text; });
        add("--port", "port to bind, 0 for a free one (0)",
            [this](Text text) { port = parse_number(text); });
        add("--buffer", "bytes per read (1024)",
            [this](Text text) { buffer = parse_number<std::size_t>(text, 1); });
        add("--backlog", "connections that may wait for accept (65535)",
            [this](Text text) { backlog = parse_number(text); });
        add("--handler", "work per read: none, sleep:5ms or cpu:5ms (none)",
            [this](Text text) { handler = parse_handler(std::string(text)); });
    }
    CommandLine(const CommandLine &) = delete; // the options refer to it
    CommandLine &operator=(const CommandLine &) = delete;

    /// Add an option with a value. `take` throws the end of a sentence that begins with the option.
    void add(std::string option, std::string help, std::function<void(std::string_view)> take) {
        options_.push_back({std::move(option), std::move(help), std::move(take)});
    }

    /// Read the arguments; exit with status 2 where one is wrong.
    void parse(int argc, char **argv) {
        for (int i = 1; i < argc; ++i) {
            const std::string_view argument = argv[i];
            const std::string name(argument.substr(0, argument.find('=')));
            if (argument == "--help")
                show_help();
            if (argument == "--verbose") {
                log.verbose = true;
                continue;
            }
            const Option &option = find(name);
            if (name.size() == argument.size() && ++i == argc)
                fail(2, name, " needs a value");
            try {
                option.take(name.size() < argument.size() ? argument.substr(name.size() + 1)
                                                          : argv[i]);
            } catch (const std::invalid_argument &error) {
                fail(2, name, ' ', error.what());
            }
        }
    }

    /// Leave with a line that says why.
    template <class... Parts> [[noreturn]] void fail(int status, const Parts &...why) const {
        log.line(why...);
        std::exit(status);
    }

  private:
    struct Option {
        std::string name, help;
        std::function<void(std::string_view)> take;
    };

    const Option &find(const std::string &name) const {
        for (const Option &option : options_)
            if (option.name == name)
                return option;
        fail(2, "there is no argument ", name, ": see --help");
    }

    [[noreturn]] void show_help() const {
        std::printf("%s: %s\n\n", name_.c_str(), about_.c_str());
        for (const Option &option : options_)
            std::printf("  %-10s %s\n", option.name.c_str(), option.help.c_str());
        std::printf("  %-10s %s\n", "--verbose", "log connections and messages");
        std::exit(0);
    }

    std::string name_, about_;
    std::vector<Option> options_;
};

} // namespace framework
