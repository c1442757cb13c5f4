"""Ending a command by a signal as by Ctrl-C, so that it leaves nothing behind."""

import signal


def interrupt_on_signals() -> None:
    """Let SIGTERM raise KeyboardInterrupt, and SIGHUP too, unless `nohup` has it ignored."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
