"""The local model: real, OpenAI-compatible, and silent about what it was told."""

import json
import os
import signal
import subprocess
from pathlib import Path

import httpx

from tests.ground.model import running_model
from tests.ground.ports import free_port, wait_until
from tests.ground.service import PROGRAM, Model, bare_environment


def asking(model: Model) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        headers={"Authorization": f"Bearer {model.key}", "Connection": "close"}, timeout=60
    )


def body(words: str, **more: object) -> dict[str, object]:
    return {"model": "smollm2-135m-instruct", "messages": [{"role": "user", "content": words}]} | more


async def test_a_reply_streams_chunk_by_chunk(local_model: Model) -> None:
    async with (
        asking(local_model) as client,
        client.stream(
            "POST", f"{local_model.base_url}/chat/completions", json=body("Hi", stream=True, max_tokens=12)
        ) as reply,
    ):
        lines = [line async for line in reply.aiter_lines() if line.startswith("data: {")]
    deltas = [json.loads(line[6:])["choices"][0]["delta"].get("content") for line in lines]
    assert len([text for text in deltas if text]) >= 3


async def test_it_asks_for_its_key(local_model: Model) -> None:
    async with httpx.AsyncClient(headers={"Connection": "close"}) as client:
        reply = await client.post(f"{local_model.base_url}/chat/completions", json=body("Hi"))
    assert reply.status_code == 401


async def test_no_page_of_another_site_may_talk_to_it_and_none_shows_prompts(local_model: Model) -> None:
    root = local_model.base_url.removesuffix("/v1")
    async with asking(local_model) as client:
        reply = await client.get(f"{root}/health", headers={"Origin": "http://elsewhere.example"})
        assert reply.headers.get("access-control-allow-origin", "") == ""
        assert (await client.get(f"{root}/slots")).status_code != 200


async def test_nothing_of_a_prompt_or_a_reply_is_printed(tmp_path: Path) -> None:
    with running_model(tmp_path) as model:
        async with asking(model) as client:
            url = f"{model.base_url}/chat/completions"
            reply = await client.post(url, json=body("Repeat: canary", max_tokens=8))
            assert reply.status_code == 200
            said = reply.json()["choices"][0]["message"]["content"]
            await client.post(url, content=b'{"messages": "canary-malformed"')
            await client.post(url, json=body("canary-long " * 6000))
    printed = (tmp_path / "model.log").read_text()
    assert "canary" not in printed
    assert said.strip()[:20] not in printed or not said.strip()


def test_it_ends_soon_on_sigterm(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen([*PROGRAM, "model", "--port", str(port)], env=bare_environment())

    def answers() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait_until(answers, "the model")
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait(5)
