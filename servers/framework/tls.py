"""A certificate that is made for one server process, and the TLS that it serves with it.

The file keeps to what Python 3.8 has. It imports ssl, which takes memory, where TLS is served.
"""

from __future__ import annotations

import importlib
import ipaddress
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

CERTIFICATE = "certificate.pem"
KEY = "key.pem"
DAYS = 30  # it is valid for
_CONFIGURATION = """\
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = c10k
[extensions]
basicConstraints = critical, CA:FALSE
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1, {host}
"""


def missing() -> str:
    """What must be installed to make a certificate, and how; empty if nothing."""
    return "" if shutil.which("openssl") else "sudo apt install openssl"


def write_certificate(host: str, directory: Path) -> Path:
    """Write a new certificate for a host and loopback, and its key (P-256), to a directory; return
    where the certificate is. Only this user may read the key. Raises OSError.
    """
    configuration, certificate = directory / "openssl.conf", directory / CERTIFICATE
    configuration.write_text(_CONFIGURATION.format(host=_alternative_name(host)))
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec"]
    command += ["-pkeyopt", "ec_paramgen_curve:P-256", "-days", str(DAYS)]
    command += ["-config", str(configuration)]
    command += ["-keyout", str(directory / KEY), "-out", str(certificate)]
    made = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if made.returncode:
        last = made.stderr.strip().rpartition("\n")[2]
        raise OSError(f"openssl made no certificate: {last}")
    configuration.unlink()
    return certificate


def server_context(host: str, module: str = "ssl") -> tuple[ssl.SSLContext, str]:
    """Return a context of this module's with a certificate for a host, and the certificate as PEM.

    It takes TLS 1.2 and 1.3 and resumes no session. The key is on no disk by then. Raises OSError.
    """
    import ssl

    context: ssl.SSLContext = importlib.import_module(module).SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    with tempfile.TemporaryDirectory(prefix="c10k-") as directory:
        certificate = write_certificate(host, Path(directory))
        context.load_cert_chain(certificate, certificate.with_name(KEY))
        return context, certificate.read_text()


def _alternative_name(host: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(host)}"
    except ValueError:
        return f"DNS:{host}"
