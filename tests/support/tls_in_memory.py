"""What tests of the game server's TLS share: a source of certificates, and a client in memory."""

import asyncio
import ssl


class FakeSource:
    """Gives one after another what a test has prepared, the last of it for ever; exceptions are raised."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def __str__(self):
        return "TLS_CERTIFICATE: fake"

    def fetch(self):
        """The next answer."""
        # The example's modules are on the path only once its tests run.
        from certificates import KeyPair

        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return KeyPair(answer.chain, answer.key)


def meet(tls, name="u-1.example.org"):
    """Shake hands with the server as a client that trusts anything; gives the certificate in DER."""
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
    """A certificate as it goes over the wire."""
    return ssl.PEM_cert_to_DER_cert(certificate.chain.decode())


def begin(tls, patience=120.0):
    """Get the first certificate, as the server does before it listens."""
    asyncio.run(tls.begin(asyncio.Event(), patience))
