"""What the database refuses, with the refused row in its error, is repeated in no log, error reply or measure."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from tests.camera.pictures import jpeg
from tests.ground.participant import Participant
from tests.ground.postgres import Database, Server
from tests.ground.scripted_model import Script, scripted
from tests.ground.service import Service
from tests.ground.study import populated, study_with
from tests.promises.canaries import Canaries, Places, Witness

REFUSALS = {
    "accounts": "NEW.username",
    "turns": "NEW.message || NEW.reply",
    "turn_deltas": "NEW.text",
    "captures": "NEW.filename",
    "session_events": "NEW.facts::text",
    "sessions": "NEW.camera_reason",
    "responses": "NEW.help_shown::text",
}


async def refuse(database: Database, mark: str) -> None:
    """Have the database refuse each row that holds a canary, and repeat the whole of it in its error."""
    connection = await database.connect(owner=True)
    try:
        for table, value in REFUSALS.items():
            await connection.execute(
                f"CREATE FUNCTION refuse_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                f" IF position('{mark}' in {value}) > 0 THEN"
                f" RAISE EXCEPTION 'refused: %', {value} USING ERRCODE = 'check_violation', DETAIL = {value},"
                f" HINT = {value}; END IF; RETURN NEW; END $$;"
                f"CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION refuse_{table}()"
            )
        await connection.execute(
            f"ALTER TABLE turns ADD CONSTRAINT no_canary CHECK (reply NOT LIKE '%{mark}%end%')"
        )
    finally:
        await connection.close()


async def test_what_the_database_refuses_is_repeated_nowhere(
    database: Database, serve: Callable[..., Service], postgres: Server
) -> None:
    canaries = Canaries()
    word = canaries.word
    people = await populated(database, study_with(presentation={"order": "chat_first"}))
    await refuse(database, canaries.mark)
    async with scripted() as model:
        service = serve(
            database, model=model.model, log_level="DEBUG", turn_lease_seconds=1, web_concurrency=1
        )
        places = Places.from_now_on(service, postgresql=postgres.log)
        async with service.client() as client:
            someone = Participant(client)
            await someone.log_in(people.participants[0].username, people.participants[0].password)
            await someone.arrive()
            await someone.greet()
            witness = Witness(client, canaries, may_fail=True)
            body = {"username": word("name"), "password": word("password")}
            assert (await witness.post("/api/auth/register", body)).status_code == 500
            message = {"message_id": str(uuid4()), "message": word("message")}
            assert (await witness.post(f"{someone.path}/chat/turns", message)).status_code == 500
            files = [("session_id", (None, someone.session["id"])), ("capture_0", (word("file"), jpeg()))]
            assert (await witness.send("POST", "/api/camera/upload", files=files)).status_code == 500
            model.say(Script((f"I hear {word('reply')}.",)))
            await witness.post(f"{someone.path}/chat/turns", message | {"message": "Hello."})
            # Refused only when the turn ends and its whole reply is written.
            model.say(Script((canaries.mark[:-2], canaries.mark[-2:] + " end"), pause=0.3))
            await witness.post(
                f"{someone.path}/chat/turns", {"message_id": str(uuid4()), "message": "Hello."}
            )
            await witness.post(f"{someone.path}/camera-check", {"ok": False, "reason": word("camera")})
            reason = {"reason": word("abandon")}
            assert (await witness.post(f"{someone.path}/abandon", reason)).status_code == 500
        assert "a request failed" in service.printed()
        assert await places.hits(canaries) == {}
