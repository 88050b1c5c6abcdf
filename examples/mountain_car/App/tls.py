"""Encryption of the connection, from a certificate file and its key."""

import ssl

from settings import Settings, SettingsError


def make_tls_context(settings: Settings) -> ssl.SSLContext | None:
    """The TLS set-up, None where no certificate is set; SettingsError if the files do not fit."""
    if not settings.tls_cert_file or not settings.tls_key_file:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.tls_cert_file, settings.tls_key_file)
    except (ssl.SSLError, OSError) as error:
        files = f"{settings.tls_cert_file}, {settings.tls_key_file}"
        raise SettingsError(f"TLS_CERT_FILE, TLS_KEY_FILE: {files} cannot be used ({error}).") from error
    return context
