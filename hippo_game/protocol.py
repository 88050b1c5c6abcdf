"""The messages between a client and a game server over the WebSocket, whatever the client's vocabulary."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hippo_game import vocabulary as words
from hippo_game.messages import Hello, ProtocolError, Reading
from hippo_game.reading import Reader, parse_object
from hippo_game.vocabulary import Vocabulary


class Client:
    """The protocol of one connection: what is known of its client, and how to write to it."""

    def __init__(self, buttons: Sequence[str] = (), instructions: Sequence[str] = ()) -> None:
        """Begin without knowing the client; it is to show `buttons`, by their names, and `instructions`."""
        self.vocabulary = Vocabulary.UNKNOWN
        self._hello: Hello | None = None
        self._buttons, self._instructions = tuple(buttons), tuple(instructions)
        self._reader = Reader(buttons)

    def read(self, text: str | bytes) -> Reading:
        """Return what a message says, with an error for each part that is not understood."""
        try:
            raw = parse_object(text)
        except ProtocolError as error:
            return Reading(errors=(str(error),))
        self.vocabulary = words.recognise(raw, self.vocabulary)
        reading = self._reader.read(raw, self.vocabulary)
        for message in reading.messages:
            if isinstance(message, Hello) and self._hello is None:
                self._hello = message
        return reading

    def format_interface(self) -> str:
        """Return the server's first message: the buttons to show, and the instructions if there are any."""
        return self._format(words.write_interface(self.vocabulary, self._buttons, self._instructions))

    def format_frame(self, frame: Mapping[str, Any]) -> str:
        """Return a frame: `frame` (a JPEG in base64), `frameId` (from 1), and whatever else goes with it."""
        message = words.write_frame(self.vocabulary, frame)
        if self.vocabulary is Vocabulary.V1_OR_V2:
            message |= words.write_panels(self._buttons, self._instructions)
        return self._format(message)

    def format_error(self, text: str) -> str:
        """Return the message that reports an error; clients that do not know its key ignore it."""
        return self._format({"error": text})

    def format_end(self) -> list[str]:
        """Return the messages that say that the game is over."""
        ending = words.write_end(self.vocabulary)
        return [message if isinstance(message, str) else self._format(message) for message in ending]

    def _format(self, message: dict[str, Any]) -> str:
        user_id = self._hello.user_id if self._hello else ""
        return json.dumps(words.address(self.vocabulary, user_id, message))
