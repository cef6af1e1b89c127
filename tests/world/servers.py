"""Servers as people run them (nginx, Apache httpd, Caddy), on loopback, with TLS of a CA of ours."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HOST = "127.0.0.1"
_PATIENCE = 20.0
_MODULES = Path("/usr/lib/apache2/modules")


@dataclass(frozen=True, slots=True)
class Trust:
    """The files of a CA, and of a certificate that it gave for loopback."""

    ca: Path
    certificate: Path
    key: Path


def make_trust(folder: Path) -> Trust:
    """Make a CA and a certificate for 127.0.0.1, good for a day."""
    now = datetime.now(UTC)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Dateline's world test")])

    def certificate(
        name: x509.Name, of: ec.EllipticCurvePrivateKey, *, is_ca: bool
    ) -> x509.Certificate:
        made = (
            x509.CertificateBuilder().subject_name(name).issuer_name(ca_name)
            .public_key(of.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(of.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        )  # fmt: skip
        if not is_ca:
            names = [x509.IPAddress(ip_address(HOST)), x509.DNSName("localhost")]
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
            made = made.add_extension(usage, critical=False)
        return made.sign(ca_key, hashes.SHA256())

    leaf_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    trust = Trust(folder / "ca.pem", folder / "leaf.pem", folder / "leaf.key")
    trust.ca.write_bytes(certificate(ca_name, ca_key, is_ca=True)
                         .public_bytes(serialization.Encoding.PEM))  # fmt: skip
    trust.certificate.write_bytes(certificate(leaf_name, key, is_ca=False)
                                  .public_bytes(serialization.Encoding.PEM))  # fmt: skip
    trust.key.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))  # fmt: skip
    return trust


def free_port() -> int:
    """A port of loopback that nobody uses at the moment."""
    with socket.create_server((HOST, 0)) as one:
        port: int = one.getsockname()[1]
        return port


# -- configurations: what Debian's packages come with, and no more -------------------------------


def _nginx(folder: Path, roots: Mapping[int, Path], trust: Trust) -> list[str]:
    # gzip is on and packs HTML alone, as in Debian's nginx.conf.
    servers = "".join(
        f"server {{ listen {HOST}:{port} ssl http2; root {root}; ssl_certificate {trust.certificate};"
        f" ssl_certificate_key {trust.key}; }}\n" for port, root in roots.items()
    )  # fmt: skip
    user = "user www-data;" if os.geteuid() == 0 else ""
    temporary = " ".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
        "events { worker_connections 128; }\n"
        f"http {{ include /etc/nginx/mime.types; types {{ application/gzip gz; }}\n"
        f"default_type text/html; access_log off; gzip on; {temporary}\n{servers}}}\n"
    )
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _apache(folder: Path, roots: Mapping[int, Path], trust: Trust) -> list[str]:
    names = ("mpm_event", "authz_core", "dir", "mime", "filter", "deflate", "brotli", "ssl", "http2",
             "socache_shmcb")  # fmt: skip
    loaded = "".join(f"LoadModule {name}_module {_MODULES}/mod_{name}.so\n" for name in names
                     if (_MODULES / f"mod_{name}.so").is_file())  # fmt: skip
    hosts = "".join(
        f"Listen {HOST}:{port}\n<VirtualHost {HOST}:{port}>\nServerName {HOST}\nDocumentRoot {root}\n"
        f"SSLEngine on\nSSLCertificateFile {trust.certificate}\nSSLCertificateKeyFile {trust.key}\n"
        f"Protocols h2 http/1.1\n<Directory {root}>\nRequire all granted\n</Directory>\n"
        "</VirtualHost>\n" for port, root in roots.items()
    )  # fmt: skip
    user = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    (folder / "apache.conf").write_text(
        f"ServerRoot {folder}\nServerName {HOST}\nPidFile {folder}/pid\nErrorLog {folder}/error.log\n"
        f"DefaultRuntimeDir {folder}\nMutex file:{folder}\n{loaded}{user}"
        "TypesConfig /etc/mime.types\nDirectoryIndex index.html\n"
        '<FilesMatch "^[^.]+$">\nForceType text/html\n</FilesMatch>\n'
        "AddOutputFilterByType BROTLI_COMPRESS;DEFLATE text/html text/plain text/xml"
        f" application/xml application/rss+xml\n{hosts}"
    )
    return ["apache2", "-f", str(folder / "apache.conf"), "-DFOREGROUND"]


def _caddy(folder: Path, roots: Mapping[int, Path], trust: Trust) -> list[str]:
    hosts = "".join(
        f"https://{HOST}:{port} {{\nbind {HOST}\ntls {trust.certificate} {trust.key}\n"
        f"encode zstd gzip\nroot * {root}\nfile_server\n}}\n" for port, root in roots.items()
    )  # fmt: skip
    (folder / "Caddyfile").write_text(
        f"{{\nadmin off\nauto_https off\nstorage file_system {folder}/caddy\n"
        f"default_sni {HOST}\n}}\n{hosts}"
    )
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


SERVERS: dict[str, Callable[[Path, Mapping[int, Path], Trust], list[str]]] = {
    "nginx": _nginx, "apache2": _apache, "caddy": _caddy,
}  # fmt: skip


def program(name: str) -> str | None:
    """Where a server's program is; Debian puts most where only root looks."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


@contextmanager
def running(name: str, folder: Path, roots: Mapping[int, Path], trust: Trust) -> Iterator[None]:
    """Run a server over ``roots`` (a folder for each port) while the block runs.

    Raises:
        RuntimeError: it did not begin to listen.
    """
    words = SERVERS[name](folder, roots, trust)
    words[0] = program(name) or words[0]
    with (folder / "output.log").open("wb") as output:
        # What Caddy would keep in its user's home goes with the test.
        environment = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder),
                       "XDG_DATA_HOME": str(folder)}  # fmt: skip
        process = subprocess.Popen(words, stdout=output, stderr=output, env=environment)
        try:
            for port in roots:
                _wait(process, port, trust, folder)
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, trust: Trust, folder: Path) -> None:
    context = ssl.create_default_context(cafile=str(trust.ca))
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            with socket.create_connection((HOST, port), 2) as plain:
                context.wrap_socket(plain, server_hostname=HOST).close()
                return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > end:
                said = (folder / "output.log").read_text(errors="replace")[-2_000:]
                raise RuntimeError(f"it does not listen ({error}): {said}") from error
        time.sleep(0.1)
