"""A study's interview looked at, and held, from the command line, before anybody takes part in it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from quart_assessment.studies.study_file import default_study
from tests.ground.connection import private
from tests.ground.scripted_model import Script, ScriptedModel
from tests.ground.service import PROGRAM, bare_environment


async def ran(
    model: ScriptedModel, *words: str, said: str = "", **settings: object
) -> tuple[int | None, str, str]:
    """Run `quart-assessment chat ...`; gives its exit status and what it printed, and on stderr."""
    environment = bare_environment() | {
        "LLM_BASE_URL": model.model.base_url,
        "LLM_API_KEY": "canary-of-the-key",
        "LLM_MODEL": "m",
    }
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        "chat",
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment | {name.upper(): str(value) for name, value in settings.items()},
    )
    async with asyncio.timeout(30):
        printed, errors = await process.communicate(said.encode())
    return process.returncode, printed.decode(), errors.decode()


def study(folder: Path, *changes: tuple[str, str]) -> str:
    text = default_study()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file = folder / "study.toml"
    file.write_text(text)
    return str(file)


async def test_a_preview_is_what_the_model_is_sent(model: ScriptedModel, tmp_path: Path) -> None:
    file = study(tmp_path)
    status, printed, errors = await ran(model, "preview", file, "--message", "I am tired.")
    assert (status, errors, model.requests) == (0, "", [])
    assert "connection default: openai, model m, " in printed
    assert "temperature 0.7\nmax_tokens 400\n" in printed
    await ran(model, "try", file, said="I am tired.\n")
    [asked] = model.requests
    sent = "".join(f"\n--- {one['role']}\n{one['content']}\n" for one in asked["messages"])
    assert printed.endswith(sent + "\n")
    assert "- Sleep: " in sent
    assert "canary-of-the-key" not in printed


async def test_a_trial_goes_on_until_the_tag(model: ScriptedModel, tmp_path: Path) -> None:
    model.say(
        Script(["Since", " when?</end_conversation>"]), Script(["Goodbye.</end_conv", "ersation>"]), Script()
    )
    said = "I am tired.\n\nSince May.\nOne more.\n"
    status, printed, errors = await ran(model, "try", study(tmp_path), said=said)
    assert (status, errors) == (0, "The interview has ended.\n")
    assert printed.endswith("how have you been lately?\nSince when?\nGoodbye.\n")
    assert [one["content"] for one in model.requests[1]["messages"][2:]] == [
        model.requests[0]["messages"][2]["content"],
        "I am tired.",
        "Since when?",
        "[Turn: 2/30]\nSince May.",
    ]


async def test_a_trial_without_a_model_says_so(model: ScriptedModel, tmp_path: Path) -> None:
    model.say(Script(status=401))
    status, printed, errors = await ran(model, "try", study(tmp_path), said="I am tired.\nAnd?\n")
    assert (status, len(model.requests)) == (1, 1)
    assert "model_refused: " in errors
    assert "secret words" not in printed + errors


async def test_the_script_is_tried_without_any_model(model: ScriptedModel, tmp_path: Path) -> None:
    file = study(tmp_path, ('connection = "default"', 'connection = "scripted"'))
    said = "It has been rather mixed, to be honest.\n"
    status, printed, _ = await ran(model, "try", file, said=said)
    assert (status, model.requests) == (0, [])
    assert "usually enjoy" in printed.splitlines()[-1]


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ([("</end_conversation>. Write", "bye. Write")], "the tag </end_conversation> is not named"),
        ([('connection = "default"', 'connection = "cloud"')], "external_model is not a required scope"),
    ],
)
async def test_a_preview_notes_what_may_be_meant_otherwise(
    model: ScriptedModel, tmp_path: Path, changes: list[tuple[str, str]], note: str
) -> None:
    table = f'[cloud]\nkind = "openai"\nbase_url = "{model.model.base_url}"\nmodel = "m"\nexternal = true\n'
    file = private(tmp_path / "models.toml", table)
    status, _, errors = await ran(model, "preview", study(tmp_path, *changes), llm_connections_file=file)
    assert status == 0
    assert note in errors


async def test_what_is_wrong_is_named(model: ScriptedModel, tmp_path: Path) -> None:
    file = study(tmp_path, ("{aspects}", "{aspects} {aspekt}"))
    status, _, errors = await ran(model, "preview", file)
    assert status == 1
    assert "chat.instructions_for_model: {aspekt} stands for nothing" in errors
    nowhere = study(tmp_path, ('connection = "default"', 'connection = "nowhere"'))
    status, _, errors = await ran(model, "preview", nowhere)
    assert (status, "the operator names no connection nowhere" in errors) == (1, True)
    status, _, errors = await ran(model, "preview", "--default", "--language", "fr")
    assert (status, "The study speaks en, id." in errors) == (1, True)
    long = study(tmp_path, ("{aspects}", "{aspects}" + "x" * 15_000))
    status, _, errors = await ran(model, "preview", long)
    assert (status, "longer than 12000 characters" in errors) == (1, True)
