"""The interview with the real local model, on two services with one database, as two machines would be."""

from collections.abc import Callable
from time import monotonic
from uuid import uuid4

from tests.ground.model import PassThrough
from tests.ground.participant import Participant, events_of, kept, text_of
from tests.ground.postgres import Database
from tests.ground.service import Service
from tests.ground.study import populated, study_with


async def test_turn_2_on_another_machine_knows_turn_1(
    database: Database, serve: Callable[..., Service], recorded_model: PassThrough
) -> None:
    people = await populated(database, study_with(presentation={"order": "chat_first"}), participants=1)
    settings = {
        "web_concurrency": 1,
        "secret_key": "a secret shared by two machines, 32 or more",
        "llm_max_tokens": 40,
    }
    services = [serve(database, model=recorded_model.model, **settings) for _ in range(2)]
    async with services[0].client() as here, services[1].client() as there:
        someone = Participant(here)
        await someone.log_in(people.participants[0].username, people.participants[0].password)
        await someone.arrive()
        await someone.greet()
        moments = []
        first = ""
        body = {"message_id": str(uuid4()), "message": "I sleep badly and I am tired all day."}
        async with here.stream("POST", f"{someone.path}/chat/turns", json=body, timeout=60) as reply:
            async for event in events_of(reply):
                moments.append((monotonic(), event.name))
                first += event.data.get("data", "")
        assert moments[-1][1] == "complete"
        first_chunk = next(moment for moment, name in moments if name == "chunk")
        assert first_chunk < moments[-1][0]
        assert len([name for _, name in moments if name == "chunk"]) > 3

        there.cookies.update(here.cookies)
        elsewhere = Participant(there, someone.session)
        second = await elsewhere.say("It began in May.")
        assert second[-1].name == "complete"
        said = [message["content"] for message in recorded_model.requests[1]["messages"]]
        assert body["message"] in said
        assert first in said
        turns = kept(await there.get(f"{someone.path}/chat"))["turns"]
        assert [turn["reply"] for turn in turns[1:]] == [first, text_of(second)]
