"""The portable part of the loader, in Python alone: for systems without epoll or a C compiler."""
