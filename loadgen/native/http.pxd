"""Reading a reply of HTTP/1.1 as its bytes arrive, in pieces of any size (RFC 9112).

Lines are read where they lie in the receive buffer. Only the beginning of a line whose end has not
arrived is copied. Bodies are counted, not read. What is made of a reply does not depend on how its
bytes were cut.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memchr, memcmp, memcpy, memset

cdef extern from "<strings.h>" nogil:
    int strncasecmp(const char *a, const char *b, size_t length)

cdef enum:
    LINE = 256 # of what matters in a line: a name, a number, a short list
    HEAD = 65536 # the longest head that is read
    ACCEPT = 28 # bytes of a Sec-WebSocket-Accept: a SHA-1 in Base64

cdef enum: # what the headers say of an upgrade to WebSocket
    ACCEPTS = 1
    UPGRADES = 2
    CONNECTION_UPGRADES = 4
    AGREES = 7 # all of these, and nothing below
    DISAGREES = 8

cdef enum: # what is read next
    STATUS_LINE
    HEADER
    BODY
    CHUNK_SIZE
    CHUNK
    CHUNK_END
    TRAILER
    UNTIL_CLOSE
    WHOLE
    MALFORMED_REPLY

cdef struct Reply:
    uint8_t state
    bint coded, chunked, sized # by a transfer coding, the last of which is chunked; by a length
    bint closes, keeps # what it says of the connection
    bint closing # the server ends the connection after this reply
    const char *accept # the Sec-WebSocket-Accept that is right, if an upgrade was asked for
    uint8_t upgrade # what was said of it
    uint16_t status
    uint16_t kept # bytes in `line`
    uint32_t head # bytes read of the head, or of a line between chunks
    int64_t left # of the body or the chunk
    char line[LINE] # the beginning of a line whose end has not arrived


cdef inline void reply_begin(Reply *reply) noexcept nogil:
    """Be ready for a reply."""
    memset(reply, 0, sizeof(Reply) - LINE)


cdef inline bint reply_feed(Reply *reply, const char *data, size_t length) noexcept nogil:
    """Read on. False where the bytes are no reply or go on behind its end."""
    cdef size_t taken
    while length:
        if reply.state == BODY or reply.state == CHUNK:
            taken = length if <int64_t>length < reply.left else <size_t>reply.left
            reply.left -= taken
            if reply.left == 0:
                reply.state = WHOLE if reply.state == BODY else CHUNK_END
        elif reply.state == UNTIL_CLOSE:
            return True
        elif reply.state == WHOLE or reply.state == MALFORMED_REPLY:
            return False
        else:
            taken = take_line(reply, data, length)
            if reply.state == MALFORMED_REPLY:
                return False
        data += taken
        length -= taken
    return True


cdef inline size_t take_line(Reply *reply, const char *data, size_t length) noexcept nogil:
    """Read a line, or keep the beginning of one; how many bytes that took."""
    cdef const char *newline = <const char *>memchr(data, c'\n', length)
    cdef size_t taken = newline - data + 1 if newline != NULL else length
    reply.head += <uint32_t>taken
    if reply.head > HEAD:
        reply.state = MALFORMED_REPLY
        return taken
    if newline == NULL or reply.kept:
        keep(reply, data, taken)
        if reply.state == STATUS_LINE and not may_be_status(reply):
            reply.state = MALFORMED_REPLY # at once: what is no HTTP may never end a line
            return taken
    if newline != NULL:
        if reply.kept:
            read_line(reply, reply.line, reply.kept)
            reply.kept = 0
        else:
            read_line(reply, data, taken)
    return taken


cdef inline bint may_be_status(const Reply *reply) noexcept nogil:
    """Whether what is kept may become a status line."""
    return memcmp(reply.line, b"HTTP/1.", min(reply.kept, 7)) == 0


cdef inline void keep(Reply *reply, const char *data, size_t length) noexcept nogil:
    """Copy a part of a line; what LINE has no room for does not matter."""
    cdef size_t room = LINE - reply.kept
    memcpy(reply.line + reply.kept, data, length if length < room else room)
    reply.kept += <uint16_t>(length if length < room else room)


cdef inline void read_line(Reply *reply, const char *line, size_t length) noexcept nogil:
    """Read a line with its end, as the state says, and go to the next state."""
    cdef bint long_ = length >= LINE
    if long_: # as if it had been kept
        length = LINE
    if length and line[length - 1] == c'\n':
        length -= 1
    if length and line[length - 1] == c'\r':
        length -= 1
    if reply.state == HEADER:
        if length:
            read_header(reply, line, length, long_)
        else:
            end_head(reply)
    elif reply.state == CHUNK_SIZE:
        read_chunk_size(reply, line, length)
    elif reply.state == CHUNK_END:
        reply.state = MALFORMED_REPLY if length else CHUNK_SIZE
        reply.head = 0
    elif reply.state == TRAILER:
        if length == 0:
            reply.state = WHOLE
    else:
        read_status(reply, line, length)


cdef inline bint is_digit(char character) noexcept nogil:
    return c'0' <= character <= c'9'


cdef inline bint is_blank(char character) noexcept nogil:
    return character == c' ' or character == c'\t'


cdef inline void read_status(Reply *reply, const char *line, size_t length) noexcept nogil:
    """`HTTP/1.1 200 OK`"""
    if (
        length < 12 or memcmp(line, b"HTTP/1.", 7) != 0 or not is_digit(line[7]) or line[8] != c' '
        or not (is_digit(line[9]) and is_digit(line[10]) and is_digit(line[11]))
        or line[9] == c'0' or (length > 12 and line[12] != c' ')
    ):
        reply.state = MALFORMED_REPLY
        return
    reply.status = (line[9] - c'0') * 100 + (line[10] - c'0') * 10 + line[11] - c'0'
    reply.closing = line[7] == c'0' # of HTTP/1.0, unless a header says otherwise
    reply.state = HEADER


cdef inline const char *value_of(
    const char *line, size_t *length, const char *name, size_t name_length
) noexcept nogil:
    """Where the header's value begins, and its length; NULL if it is a different header."""
    cdef const char *value = line + name_length + 1
    if length[0] <= name_length or line[name_length] != c':' or (
        strncasecmp(line, name, name_length) != 0
    ):
        return NULL
    length[0] -= name_length + 1
    trim(&value, length)
    return value


cdef inline void trim(const char **text, size_t *length) noexcept nogil:
    """Leave out the blanks on both sides."""
    while length[0] and is_blank(text[0][0]):
        text[0] += 1
        length[0] -= 1
    while length[0] and is_blank(text[0][length[0] - 1]):
        length[0] -= 1


cdef inline bint next_token(
    const char **list_, size_t *left, const char **token, size_t *length
) noexcept nogil:
    """Take the next token, which may be empty, from a list with commas. False at its end."""
    cdef const char *comma
    if left[0] == 0:
        return False
    comma = <const char *>memchr(list_[0], c',', left[0])
    token[0] = list_[0]
    length[0] = comma - list_[0] if comma != NULL else left[0]
    left[0] -= length[0] + (comma != NULL)
    list_[0] += length[0] + (comma != NULL)
    trim(token, length)
    return True


cdef inline bint equals(
    const char *token, size_t length, const char *word, size_t word_length
) noexcept nogil:
    return length == word_length and strncasecmp(token, word, word_length) == 0


cdef inline void read_header(
    Reply *reply, const char *line, size_t length, bint long_
) noexcept nogil:
    """Take from a header what says how the body ends, and whether the connection does.

    Of those, one that is as long as what is kept of a line is refused: its end may be lacking.
    """
    cdef const char *value
    cdef const char *token
    cdef size_t token_length
    cdef char first = line[0] | 0x20 # in lower case
    if reply.accept != NULL:
        read_upgrade(reply, line, length, long_)
        return
    if first == c'c':
        value = value_of(line, &length, b"Content-Length", 14)
        if value != NULL:
            read_length(reply, value, length)
        else:
            value = value_of(line, &length, b"Connection", 10)
            if value == NULL:
                return
            while next_token(&value, &length, &token, &token_length):
                reply.closes |= equals(token, token_length, b"close", 5)
                reply.keeps |= equals(token, token_length, b"keep-alive", 10)
    elif first == c't':
        value = value_of(line, &length, b"Transfer-Encoding", 17)
        if value == NULL:
            return
        while next_token(&value, &length, &token, &token_length):
            if token_length:
                reply.coded = True
                reply.chunked = equals(token, token_length, b"chunked", 7)
    else:
        return
    if long_:
        reply.state = MALFORMED_REPLY


cdef inline void read_upgrade(
    Reply *reply, const char *line, size_t length, bint long_
) noexcept nogil:
    """Take from a header what it says of an upgrade to WebSocket (RFC 6455, 4.1).

    No extension and no subprotocol was offered, so the server may choose none.
    """
    cdef const char *token
    cdef size_t token_length
    cdef const char *value = value_of(line, &length, b"Sec-WebSocket-Accept", 20)
    if value != NULL:
        if length == ACCEPT and memcmp(value, reply.accept, ACCEPT) == 0:
            reply.upgrade |= ACCEPTS
        else:
            reply.upgrade |= DISAGREES
    else:
        value = value_of(line, &length, b"Upgrade", 7)
        if value != NULL:
            reply.upgrade |= UPGRADES if equals(value, length, b"websocket", 9) else DISAGREES
        else:
            value = value_of(line, &length, b"Connection", 10)
            if value != NULL:
                while next_token(&value, &length, &token, &token_length):
                    if equals(token, token_length, b"upgrade", 7):
                        reply.upgrade |= CONNECTION_UPGRADES
            elif (
                value_of(line, &length, b"Sec-WebSocket-Extensions", 24) != NULL
                or value_of(line, &length, b"Sec-WebSocket-Protocol", 22) != NULL
            ):
                reply.upgrade |= DISAGREES
            else:
                return
    if long_:
        reply.state = MALFORMED_REPLY


cdef inline void read_length(Reply *reply, const char *value, size_t length) noexcept nogil:
    """Up to 18 digits; a length may be said again, but not otherwise."""
    cdef int64_t size = 0
    cdef size_t i
    for i in range(length):
        if not is_digit(value[i]) or i == 18:
            reply.state = MALFORMED_REPLY
            return
        size = size * 10 + value[i] - c'0'
    if length == 0 or (reply.sized and reply.left != size):
        reply.state = MALFORMED_REPLY
        return
    reply.sized = True
    reply.left = size


cdef inline void end_head(Reply *reply) noexcept nogil:
    """Decide how the body ends (RFC 9112, 6.3)."""
    cdef uint16_t status = reply.status
    if reply.accept != NULL: # what follows is no HTTP, or of no interest
        reply.state = WHOLE
        return
    reply.closing = reply.closes or (reply.closing and not reply.keeps)
    if status < 200: # an interim reply; the real one follows
        reply_begin(reply)
    elif status == 204 or status == 304:
        reply.state = WHOLE
    elif reply.chunked:
        reply.state = CHUNK_SIZE
        reply.head = 0
    elif reply.sized and not reply.coded:
        reply.state = BODY if reply.left else WHOLE
    else:
        reply.state = UNTIL_CLOSE
        reply.closing = True


cdef inline void read_chunk_size(Reply *reply, const char *line, size_t length) noexcept nogil:
    """Hexadecimal digits, then perhaps an extension behind a semicolon."""
    cdef uint64_t size = 0
    cdef size_t i = 0
    cdef char digit
    while i < length and i <= 15: # 16 digits are too many, and more would not fit
        digit = line[i] | 0x20 # in lower case
        if is_digit(line[i]):
            size = size * 16 + line[i] - c'0'
        elif c'a' <= digit <= c'f':
            size = size * 16 + digit - c'a' + 10
        else:
            break
        i += 1
    if i == 0 or i > 15 or (i < length and line[i] != c';' and not is_blank(line[i])):
        reply.state = MALFORMED_REPLY
        return
    reply.left = <int64_t>size
    reply.state = CHUNK if size else TRAILER
    reply.head = 0
