"""What holds for every test."""

import signal

# A shell starts what it runs in the background with SIGINT ignored, and every child inherits that:
# no test could interrupt a command as a user does.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
