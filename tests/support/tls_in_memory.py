"""Shared parts of the tests of the game server's TLS: a source of certificates, and a client in memory."""

import asyncio
import ssl


class FakeSource:
    """A source that returns what a test has prepared in order, then always the last; it raises exceptions."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def __str__(self):
        return "TLS_CERTIFICATE: fake"

    def fetch(self):
        """Return the next prepared answer."""
        # The example's modules are on the path only once its tests run.
        from certificates import KeyPair

        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return KeyPair(answer.chain, answer.key)


def meet(tls, name="u-1.example.org"):
    """Shake hands with the server as a client that trusts anything; return the certificate in DER."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    browser = client.wrap_bio(back, there, server_hostname=name)
    server = tls.context.wrap_bio(there, back, server_side=True)
    for side in (browser, server, browser, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return browser.getpeercert(binary_form=True)


def der(certificate):
    """Return a certificate as it is transmitted."""
    return ssl.PEM_cert_to_DER_cert(certificate.chain.decode())


def begin(tls, patience=120.0):
    """Get the first certificate, as the server does before it listens."""
    asyncio.run(tls.begin(asyncio.Event(), patience))
