"""TLS of the fleet's connections: which certificates their server may have."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from c10k.loadgen.address import Address

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True)
class Tls:
    """TLS 1.2 or 1.3, with a full handshake for each connection: no session is resumed."""

    authorities: str = ""  #: trusted certificates, as PEM; empty: those that this system trusts
    verify: bool = True  #: whether the certificate must be trusted and name the host

    def context(self) -> "ssl.SSLContext":
        """The context of Python's ssl. Raises ValueError where `authorities` holds none."""
        import ssl  # which plain connections do not need

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_TICKET
        # A certificate that is trusted itself needs no issuer.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif self.authorities:
            try:
                # Comments between certificates may have other letters, which Python refuses.
                context.load_verify_locations(
                    cadata=self.authorities.encode("ascii", "ignore").decode()
                )
            except (ssl.SSLError, ValueError):
                raise ValueError("there are no certificates in PEM") from None
        else:
            context.load_default_certs()
        return context


def server_name(address: Address) -> str:
    """The name or the IP address that a server's certificate must have; the scope of an address of
    IPv6 is in none.
    """
    if address.name.startswith("unix:"):
        return "localhost"
    return (address.name or address.host).partition("%")[0]


def is_ip_address(name: str) -> bool:
    """Whether it is an IP address, which is not sent to the server as its name (RFC 6066, 3)."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
