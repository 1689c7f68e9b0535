"""The models this worker can ask: one provider for each connection, opened at the start, closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from quart_assessment.chat.connections import DEFAULT, SCRIPTED, Connections, ModelConnection
from quart_assessment.chat.providers import Provider
from quart_assessment.chat.providers.openai_compatible import OpenAICompatible
from quart_assessment.chat.providers.scripted import Scripted
from quart_assessment.chat.waiting import FairQueue


@dataclass(frozen=True, slots=True)
class Line:
    """A connection, the provider that speaks over it, and who waits for that."""

    connection: ModelConnection
    provider: Provider
    queue: FairQueue


class Lines:
    """The lines of a worker by the names of their connections."""

    def __init__(self, lines: Iterable[Line], *, unnamed_default: bool = False) -> None:
        self._lines = {line.connection.name: line for line in lines}
        named = self._lines.keys() - {DEFAULT, SCRIPTED}
        self._unprobed = {DEFAULT} if unnamed_default and named else set()

    @classmethod
    def of(cls, connections: Connections, *, unnamed_default: bool) -> Lines:
        """Open a line for each connection; `unnamed_default`: nobody said where the default one leads."""
        opened = (Line(one, _provider(one), FairQueue(one)) for one in connections.values())
        return cls(opened, unnamed_default=unnamed_default)

    def find(self, name: str) -> Line | None:
        """Give the line of a connection; None where the operator names none of this name."""
        return self._lines.get(name)

    def model(self, name: str) -> str | None:
        """Name the model that is asked for over a connection; None where there is none."""
        line = self.find(name)
        return None if line is None else line.connection.model

    async def probe(self) -> None:
        """Ask whether all models can be reached; raises ModelFailure.

        A default that nobody named counts only where it is all there is.
        """
        probed = [line for name, line in self._lines.items() if name not in self._unprobed]
        await asyncio.gather(*(line.provider.probe() for line in probed))

    async def close(self) -> None:
        """Close all; replies under way break off."""
        await asyncio.gather(*(line.provider.close() for line in self._lines.values()))


def _provider(connection: ModelConnection) -> Provider:
    return Scripted() if connection.is_scripted else OpenAICompatible(connection)
