// Asio, which comes with Boost or alone: one library under two names.
#pragma once

#if __has_include(<boost/asio.hpp>)
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;
#else
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
using asio::error_code;
using asio::system_error;
#endif

using asio::ip::tcp;
