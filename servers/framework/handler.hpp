// The work that a server does per read before it replies: the chapter's "processing".
#pragma once

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <stdexcept>
#include <string>
#include <thread>

namespace framework {

/// Use some CPU time of this thread; the time of other threads does not count.
inline void burn(std::chrono::nanoseconds duration) {
    const auto used = [] {
        timespec time;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
    };
    const auto end = used() + duration;
    while (used() < end) {
    }
}

/// Waits or burns CPU for some time per read; at least one of the two is zero.
struct Handler {
    std::chrono::nanoseconds sleep{0};
    std::chrono::nanoseconds cpu{0};

    /// Do it in this thread.
    void handle() const {
        if (sleep.count())
            std::this_thread::sleep_for(sleep);
        if (cpu.count())
            burn(cpu);
    }
};

/// Read 5ms, 250us or 1.5s, above 0 and at most an hour. Throws std::invalid_argument.
inline std::chrono::nanoseconds parse_duration(const std::string &text) {
    const auto digits = text.find_first_not_of("0123456789.");
    const std::string number = text.substr(0, digits);
    const std::string unit = digits == std::string::npos ? "" : text.substr(digits);
    char *end = nullptr;
    double seconds = std::strtod(number.c_str(), &end);
    seconds *= unit == "s" ? 1 : unit == "ms" ? 1e-3 : unit == "us" ? 1e-6 : 0;
    if (*end != '\0' || !(seconds > 0 && seconds <= 3600))
        throw std::invalid_argument(
            "takes a time written 5ms, 250us or 1.5s, up to an hour, not '" + text + "'");
    return std::chrono::nanoseconds(static_cast<long long>(seconds * 1e9));
}

/// Read none, sleep:5ms or cpu:5ms. Throws std::invalid_argument.
inline Handler parse_handler(const std::string &text) {
    Handler handler;
    if (text.rfind("sleep:", 0) == 0)
        handler.sleep = parse_duration(text.substr(6));
    else if (text.rfind("cpu:", 0) == 0)
        handler.cpu = parse_duration(text.substr(4));
    else if (text != "none")
        throw std::invalid_argument("is none, sleep:5ms or cpu:5ms, not '" + text + "'");
    return handler;
}

} // namespace framework
