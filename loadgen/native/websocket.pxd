"""WebSocket (RFC 6455): its handshake, its frames as their bytes arrive, and its pongs.

What is made of the bytes does not depend on how they were cut. A server may send a message in
several frames, and control frames between them.

What is sent of a message behind its header is a run of the pool (payload.pxd): the mask key, and
the masked payload. So each frame has another key, and masking costs nothing when it is sent; the
payload is that run unmasked, which the comparison with the reply does.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from c10k.loadgen.native.http cimport (
    HEADER, LINE, MALFORMED_REPLY, Reply, STATUS_LINE, reply_begin, take_line,
)
from c10k.loadgen.native.linux cimport REQUIRE_STATICALLY

cdef enum:
    KEYS = 64 # handshakes, each with a key of its own: the connections take them in turn
    LARGEST_HEADER = 10 # without a mask key
    MASK_KEY = 4
    LARGEST_CONTROL = 125 # bytes of a control frame's payload
    LARGEST_PONG = 2 + MASK_KEY + LARGEST_CONTROL

cdef enum: # opcodes
    CONTINUATION = 0
    BINARY = 2
    CLOSE = 8
    PING
    PONG

cdef enum: # bits of a frame's first two bytes
    FINAL = 0x80
    RESERVED = 0x70
    OPCODE = 0x0F
    MASKED = 0x80
    LENGTH = 0x7F


cdef struct FrameHeader:
    uint8_t bytes[LARGEST_HEADER]
    uint8_t size # of it, as far as it has come


cdef struct Socket: # a connection's
    uint64_t left # bytes of the payload of the frame that is read
    FrameHeader header # of that frame
    uint8_t opcode # of that frame
    bint final # it is the last of its message
    bint in_payload # its header has been read
    bint fragmented # a message has begun, and goes on with the next frame
    bint upgraded # the handshake is over
    bint offered # the frame that is sent was given to the socket, whether it took any of it or not
    bint pinged # a ping is to be answered
    uint8_t ping_size, pong_size, pong_sent
    uint8_t key # which of the handshakes was sent
    uint32_t handshake_sent
    Reply reply # to the handshake; then its line holds the payload of a ping, and behind it a pong


cdef inline void socket_begin(Socket *socket, uint8_t key, const char *accept) noexcept nogil:
    """Be ready for the reply to a handshake, which must have that Sec-WebSocket-Accept."""
    memset(socket, 0, sizeof(Socket) - sizeof(Reply))
    reply_begin(&socket.reply)
    socket.key = key
    socket.reply.accept = accept


cdef inline uint32_t handshake_feed(
    Socket *socket, const unsigned char *data, uint32_t length
) noexcept nogil:
    """Read on in the reply to the handshake, up to its end; how many bytes that took."""
    cdef Reply *reply = &socket.reply
    cdef uint32_t taken = 0
    while taken < length and (reply.state == STATUS_LINE or reply.state == HEADER):
        taken += <uint32_t>take_line(reply, <const char *>data + taken, length - taken)
    return taken


cdef inline FrameHeader frame_header(uint64_t size) noexcept nogil:
    """The header of a whole masked message of binary data, without its mask key."""
    cdef FrameHeader header
    cdef int length_bytes = 0 if size < 126 else 2 if size < 1 << 16 else 8
    cdef int i
    header.size = <uint8_t>(2 + length_bytes)
    header.bytes[0] = FINAL | BINARY
    header.bytes[1] = <uint8_t>(MASKED | (
        size if length_bytes == 0 else 126 if length_bytes == 2 else 127
    ))
    for i in range(length_bytes):
        header.bytes[2 + i] = <uint8_t>(size >> 8 * (length_bytes - 1 - i))
    return header


cdef inline uint32_t header_feed(
    Socket *socket, const unsigned char *data, uint32_t length
) noexcept nogil:
    """Read on in a frame's header, up to its end; how many bytes that took."""
    cdef FrameHeader *header = &socket.header
    cdef uint32_t taken = 0
    while taken < length and not socket.in_payload:
        header.bytes[header.size] = data[taken]
        header.size += 1
        taken += 1
        socket.in_payload = header.size >= 2 and header.size == 2 + length_bytes_of(header.bytes[1])
    return taken


cdef inline uint8_t length_bytes_of(uint8_t second) noexcept nogil:
    """How many bytes of length follow a header's second byte."""
    cdef uint8_t length = second & LENGTH
    return 0 if length < 126 else 2 if length == 126 else 8


cdef inline bint begin_frame(Socket *socket) noexcept nogil:
    """Take from the header what the frame is; whether a server may send it to us."""
    cdef const uint8_t *header = socket.header.bytes
    cdef uint8_t length_bytes = length_bytes_of(header[1])
    cdef uint8_t i
    socket.opcode = header[0] & OPCODE
    socket.final = header[0] & FINAL
    socket.left = 0 if length_bytes else header[1] & LENGTH
    for i in range(length_bytes):
        socket.left = socket.left << 8 | header[2 + i]
    if header[0] & RESERVED or header[1] & MASKED:
        return False
    if (length_bytes == 2 and socket.left < 126) or (
        length_bytes == 8 and (socket.left < 1 << 16 or socket.left >> 63)
    ):
        return False # a length must be as short as it can be
    if is_control(socket):
        return socket.final and length_bytes == 0 and socket.opcode <= PONG
    return socket.opcode == (CONTINUATION if socket.fragmented else BINARY)


cdef inline bint is_control(const Socket *socket) noexcept nogil:
    return socket.opcode >= CLOSE


cdef inline void end_frame(Socket *socket) noexcept nogil:
    """Be ready for the next frame."""
    if not is_control(socket):
        socket.fragmented = not socket.final
    socket.header.size = 0
    socket.in_payload = False


cdef inline bint is_unmasked(
    const unsigned char *data, const unsigned char *masked, const unsigned char *key,
    uint32_t offset, uint32_t count
) noexcept nogil:
    """Whether `count` bytes are those of a payload from `offset` on that was masked with the key."""
    cdef uint8_t turned[8] # the key twice, from `offset` on
    cdef uint64_t mask, one, other, difference = 0
    cdef uint32_t i
    for i in range(8):
        turned[i] = key[(offset + i) % MASK_KEY]
    memcpy(&mask, turned, 8)
    i = 0
    while i + 8 <= count:
        memcpy(&one, data + i, 8)
        memcpy(&other, masked + i, 8)
        difference |= one ^ other ^ mask
        i += 8
    while i < count:
        difference |= data[i] ^ masked[i] ^ turned[i % 8]
        i += 1
    return difference == 0


cdef inline unsigned char *ping_of(Socket *socket) noexcept nogil:
    """Where the payload of a ping is kept."""
    REQUIRE_STATICALLY(LARGEST_CONTROL + LARGEST_PONG <= LINE)
    return <unsigned char *>socket.reply.line


cdef inline unsigned char *pong_of(Socket *socket) noexcept nogil:
    """Where a pong is kept until it is sent."""
    return ping_of(socket) + LARGEST_CONTROL


cdef inline void make_pong(Socket *socket, const unsigned char *key) noexcept nogil:
    """Answer the last ping: the pong is a masked frame with its payload."""
    cdef const unsigned char *ping = ping_of(socket)
    cdef unsigned char *pong = pong_of(socket)
    cdef uint8_t i
    pong[0] = FINAL | PONG
    pong[1] = MASKED | socket.ping_size
    memcpy(pong + 2, key, MASK_KEY)
    for i in range(socket.ping_size):
        pong[2 + MASK_KEY + i] = ping[i] ^ key[i % MASK_KEY]
    socket.pong_size = 2 + MASK_KEY + socket.ping_size
    socket.pong_sent = 0
    socket.pinged = False
