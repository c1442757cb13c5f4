"""TLS by OpenSSL, whose library is loaded once a shard needs it: nothing is built against it.

The functions on a session act as recv() and send() do: they return a number of bytes, 0 for the end
or -1, with the reason in errno. The constants are those of OpenSSL's headers, which 1.1.1 and 3 have
in common.
"""

from libc.errno cimport EAGAIN, ENODATA, EPROTO, errno
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free

from c10k.loadgen.native.linux cimport RTLD_LOCAL, RTLD_NOW, dlopen, dlsym, set_errno

cdef enum: # SSL_get_error()
    SSL_ERROR_SSL = 1
    SSL_ERROR_WANT_READ = 2
    SSL_ERROR_WANT_WRITE = 3
    SSL_ERROR_SYSCALL = 5
    SSL_ERROR_ZERO_RETURN = 6

cdef enum: # ERR_GET_REASON(), from OpenSSL 3 on; 1.1.1 says SSL_ERROR_SYSCALL
    REASON = 0x7FFFFF
    UNEXPECTED_EOF_WHILE_READING = 294

cdef enum: # SSL_CTX_ctrl() and SSL_ctrl()
    SSL_CTRL_MODE = 33
    SSL_CTRL_SET_READ_AHEAD = 41
    SSL_CTRL_SET_SESS_CACHE_MODE = 44
    SSL_CTRL_SET_TLSEXT_HOSTNAME = 55
    SSL_CTRL_SET_MIN_PROTO_VERSION = 123
    TLS1_2_VERSION = 0x0303
    SSL_MODE_ENABLE_PARTIAL_WRITE = 0x1
    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER = 0x2
    SSL_MODE_RELEASE_BUFFERS = 0x10
    SSL_OP_NO_TICKET = 1 << 14
    SSL_OP_NO_RENEGOTIATION = 1 << 30
    SSL_VERIFY_PEER = 1
    X509_V_FLAG_PARTIAL_CHAIN = 0x80000


cdef struct Tls: # of a shard
    void *context # SSL_CTX
    char *name # that is sent to the server; NULL: none
    bint verify
    # what is called of the library
    void *(*TLS_client_method)() noexcept nogil
    void *(*SSL_CTX_new)(void *method) noexcept nogil
    void (*SSL_CTX_free)(void *context) noexcept nogil
    long (*SSL_CTX_ctrl)(void *context, int command, long number, void *pointer) noexcept nogil
    uint64_t (*SSL_CTX_set_options)(void *context, uint64_t options) noexcept nogil
    void (*SSL_CTX_set_verify)(void *context, int mode, void *callback) noexcept nogil
    int (*SSL_CTX_set_default_verify_paths)(void *context) noexcept nogil
    void *(*SSL_CTX_get_cert_store)(void *context) noexcept nogil
    void *(*SSL_CTX_get0_param)(void *context) noexcept nogil
    int (*X509_VERIFY_PARAM_set_flags)(void *parameters, unsigned long flags) noexcept nogil
    int (*X509_VERIFY_PARAM_set1_host)(void *parameters, const char *name, size_t length) noexcept nogil
    int (*X509_VERIFY_PARAM_set1_ip_asc)(void *parameters, const char *address) noexcept nogil
    int (*X509_STORE_add_cert)(void *store, void *certificate) noexcept nogil
    void (*X509_free)(void *certificate) noexcept nogil
    void *(*BIO_new_mem_buf)(const void *bytes, int length) noexcept nogil
    int (*BIO_free)(void *bio) noexcept nogil
    void *(*PEM_read_bio_X509)(void *bio, void *into, void *password, void *argument) noexcept nogil
    void *(*SSL_new)(void *context) noexcept nogil
    void (*SSL_free)(void *ssl) noexcept nogil
    long (*SSL_ctrl)(void *ssl, int command, long number, void *pointer) noexcept nogil
    int (*SSL_set_fd)(void *ssl, int fd) noexcept nogil
    int (*SSL_connect)(void *ssl) noexcept nogil
    int (*SSL_read)(void *ssl, void *buffer, int length) noexcept nogil
    int (*SSL_write)(void *ssl, const void *buffer, int length) noexcept nogil
    int (*SSL_shutdown)(void *ssl) noexcept nogil
    int (*SSL_get_error)(void *ssl, int returned) noexcept nogil
    long (*SSL_get_verify_result)(void *ssl) noexcept nogil
    unsigned long (*ERR_peek_error)() noexcept nogil
    void (*ERR_clear_error)() noexcept nogil


cdef struct Session: # of a connection
    void *ssl # NULL: none
    bint open # after the handshake, and without an error since
    int64_t connected_ns # when the handshake began


cdef inline bint find(void *library, const char *name, void **function) noexcept nogil:
    function[0] = dlsym(library, name)
    return function[0] != NULL


cdef inline bint tls_load(Tls *tls) noexcept nogil:
    """Load the library and find its functions; whether all are there. It stays loaded."""
    cdef void *library = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL)
    if library == NULL:
        library = dlopen("libssl.so.1.1", RTLD_NOW | RTLD_LOCAL)
    # What is not in the library itself is in libcrypto, which it needs.
    return (
        library != NULL
        and find(library, "TLS_client_method", <void **>&tls.TLS_client_method)
        and find(library, "SSL_CTX_new", <void **>&tls.SSL_CTX_new)
        and find(library, "SSL_CTX_free", <void **>&tls.SSL_CTX_free)
        and find(library, "SSL_CTX_ctrl", <void **>&tls.SSL_CTX_ctrl)
        and find(library, "SSL_CTX_set_options", <void **>&tls.SSL_CTX_set_options)
        and find(library, "SSL_CTX_set_verify", <void **>&tls.SSL_CTX_set_verify)
        and find(
            library, "SSL_CTX_set_default_verify_paths",
            <void **>&tls.SSL_CTX_set_default_verify_paths,
        )
        and find(library, "SSL_CTX_get_cert_store", <void **>&tls.SSL_CTX_get_cert_store)
        and find(library, "SSL_CTX_get0_param", <void **>&tls.SSL_CTX_get0_param)
        and find(library, "X509_VERIFY_PARAM_set_flags", <void **>&tls.X509_VERIFY_PARAM_set_flags)
        and find(library, "X509_VERIFY_PARAM_set1_host", <void **>&tls.X509_VERIFY_PARAM_set1_host)
        and find(
            library, "X509_VERIFY_PARAM_set1_ip_asc", <void **>&tls.X509_VERIFY_PARAM_set1_ip_asc
        )
        and find(library, "X509_STORE_add_cert", <void **>&tls.X509_STORE_add_cert)
        and find(library, "X509_free", <void **>&tls.X509_free)
        and find(library, "BIO_new_mem_buf", <void **>&tls.BIO_new_mem_buf)
        and find(library, "BIO_free", <void **>&tls.BIO_free)
        and find(library, "PEM_read_bio_X509", <void **>&tls.PEM_read_bio_X509)
        and find(library, "SSL_new", <void **>&tls.SSL_new)
        and find(library, "SSL_free", <void **>&tls.SSL_free)
        and find(library, "SSL_ctrl", <void **>&tls.SSL_ctrl)
        and find(library, "SSL_set_fd", <void **>&tls.SSL_set_fd)
        and find(library, "SSL_connect", <void **>&tls.SSL_connect)
        and find(library, "SSL_read", <void **>&tls.SSL_read)
        and find(library, "SSL_write", <void **>&tls.SSL_write)
        and find(library, "SSL_shutdown", <void **>&tls.SSL_shutdown)
        and find(library, "SSL_get_error", <void **>&tls.SSL_get_error)
        and find(library, "SSL_get_verify_result", <void **>&tls.SSL_get_verify_result)
        and find(library, "ERR_peek_error", <void **>&tls.ERR_peek_error)
        and find(library, "ERR_clear_error", <void **>&tls.ERR_clear_error)
    )


cdef inline bint tls_configure(Tls *tls) noexcept nogil:
    """Make the context of all sessions, which trusts nothing yet; whether there is memory for it."""
    tls.context = tls.SSL_CTX_new(tls.TLS_client_method())
    if tls.context == NULL:
        return False
    tls.SSL_CTX_ctrl(tls.context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL)
    tls.SSL_CTX_ctrl(
        tls.context, SSL_CTRL_MODE,
        SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
        | SSL_MODE_RELEASE_BUFFERS, # an idle connection holds some KB instead of 40
        NULL,
    )
    tls.SSL_CTX_ctrl(tls.context, SSL_CTRL_SET_READ_AHEAD, 1, NULL) # or each record takes two read()
    tls.SSL_CTX_ctrl(tls.context, SSL_CTRL_SET_SESS_CACHE_MODE, 0, NULL)
    tls.SSL_CTX_set_options(tls.context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION)
    return True


cdef inline int tls_trust(
    Tls *tls, const char *certificates, int length, const char *name
) noexcept nogil:
    """Trust these certificates, as PEM, or without any those of the system; how many were read, or
    -1 where OpenSSL cannot check for this name.

    `name` is what the server's must have, a name or an IP address.
    """
    cdef void *parameters = tls.SSL_CTX_get0_param(tls.context)
    cdef void *bio
    cdef void *certificate
    cdef int trusted = 0
    cdef int named
    tls.verify = True
    tls.SSL_CTX_set_verify(tls.context, SSL_VERIFY_PEER, NULL)
    tls.X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN)
    if tls.name != NULL:
        named = tls.X509_VERIFY_PARAM_set1_host(parameters, name, 0)
    else:
        named = tls.X509_VERIFY_PARAM_set1_ip_asc(parameters, name)
    if named != 1: # or any server's certificate would do
        tls.ERR_clear_error()
        return -1
    if length == 0:
        tls.SSL_CTX_set_default_verify_paths(tls.context)
        return 0
    bio = tls.BIO_new_mem_buf(certificates, length)
    while bio != NULL:
        certificate = tls.PEM_read_bio_X509(bio, NULL, NULL, NULL)
        if certificate == NULL:
            break
        trusted += tls.X509_STORE_add_cert(tls.SSL_CTX_get_cert_store(tls.context), certificate)
        tls.X509_free(certificate)
    tls.BIO_free(bio)
    tls.ERR_clear_error()
    return trusted


cdef inline bint tls_begin(Tls *tls, Session *session, int fd, int64_t now) noexcept nogil:
    """Begin a session on a connected socket; whether there is memory for it."""
    session.open = False
    session.connected_ns = now
    session.ssl = tls.SSL_new(tls.context)
    if session.ssl == NULL or tls.SSL_set_fd(session.ssl, fd) != 1:
        tls.ERR_clear_error()
        return False
    if tls.name != NULL:
        tls.SSL_ctrl(session.ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, 0, tls.name)
    return True


cdef inline int tls_shake_hands(Tls *tls, Session *session) noexcept nogil:
    """Go on with the handshake; 1 when it is done, else -1: EAGAIN while it goes on."""
    cdef int returned = tls.SSL_connect(session.ssl)
    if returned == 1:
        session.open = True
        return 1
    if tls_failed(tls, session, returned) == 0:
        set_errno(ENODATA)
    return -1


cdef inline bint tls_distrusts(Tls *tls, Session *session) noexcept nogil:
    """Whether a handshake failed because of the server's certificate."""
    return tls.verify and tls.SSL_get_verify_result(session.ssl) != 0


cdef inline ssize_t tls_receive(
    Tls *tls, Session *session, void *buffer, int room
) noexcept nogil:
    """Read bytes, of one record at most: only EAGAIN says that no more have come."""
    cdef int count = tls.SSL_read(session.ssl, buffer, room)
    return count if count > 0 else tls_failed(tls, session, count)


cdef inline ssize_t tls_send(
    Tls *tls, Session *session, const void *bytes, int length
) noexcept nogil:
    """Send bytes, of one record at least. After EAGAIN it must be given the same bytes again."""
    cdef int count = tls.SSL_write(session.ssl, bytes, length)
    if count > 0:
        return count
    if tls_failed(tls, session, count) == 0:
        set_errno(ENODATA)
    return -1


cdef inline ssize_t tls_failed(Tls *tls, Session *session, int returned) noexcept nogil:
    """Say why a function did nothing, in the form of recv(), and leave no error in the queue.

    ENODATA is the end of the connection without that of the session (close_notify).
    """
    cdef int number = errno
    cdef int error = tls.SSL_get_error(session.ssl, returned)
    cdef bint cut = (
        error == SSL_ERROR_SYSCALL and returned == 0
        or error == SSL_ERROR_SSL
        and (tls.ERR_peek_error() & REASON) == UNEXPECTED_EOF_WHILE_READING
    )
    if error == SSL_ERROR_WANT_READ or error == SSL_ERROR_WANT_WRITE:
        set_errno(EAGAIN)
        return -1
    if error == SSL_ERROR_ZERO_RETURN:
        return 0
    session.open = False
    tls.ERR_clear_error()
    if cut:
        set_errno(ENODATA)
    else:
        set_errno(number if error == SSL_ERROR_SYSCALL and number else EPROTO)
    return -1


cdef inline void tls_end(Tls *tls, Session *session) noexcept nogil:
    """End a session, if there is one, and say so to the server."""
    if session.ssl == NULL:
        return
    if session.open and tls.SSL_shutdown(session.ssl) < 0:
        tls.ERR_clear_error()
    tls.SSL_free(session.ssl)
    session.ssl = NULL


cdef inline void tls_free(Tls *tls) noexcept nogil:
    """Free what the shard holds for its sessions, which have ended."""
    if tls.context != NULL:
        tls.SSL_CTX_free(tls.context)
    free(tls.name)
    free(tls)
