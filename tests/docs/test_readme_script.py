"""The script of the README, run as a reader would run it, against a real service with the real local model."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.ground.postgres import Database
from tests.ground.service import Model, Service
from tests.ground.study import populated, study_with

ROOT = Path(__file__).parents[2]
SECONDS = 400


def script() -> str:
    (found,) = re.findall(r"^```bash\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    return str(found)


async def demo_of(database: Database, service: Service, folder: Path, **presentation: str) -> Path:
    """Write what `make run` writes to var/demo.json."""
    people = await populated(database, study_with(presentation=presentation))
    demo = folder / "demo.json"
    content = {
        "base_url": service.url,
        "participants": [asdict(one) for one in people.participants],
        "researcher": asdict(people.researcher),
        "admin": asdict(people.admin),
    }
    demo.write_text(json.dumps(content))
    return demo


def run(demo: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script()],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "DEMO": str(demo)} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def said(pattern: str, printed: str) -> str:
    found = re.search(f"^{pattern}$", printed, re.MULTILINE)
    assert found is not None, f"{pattern!r} is not in:\n{printed}"
    return found[1] if found.groups() else found[0]


@pytest.mark.parametrize("first", ["phq", "chat"])
async def test_the_script_leads_through_a_whole_assessment(
    serve: Callable[..., Service], database: Database, local_model: Model, tmp_path: Path, first: str
) -> None:
    service = serve(database, model=local_model, ready="/readyz", llm_max_tokens=24)
    demo = await demo_of(database, service, tmp_path, order=f"{first}_first")
    done = run(demo, PARTICIPANT="1")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert said("session [-0-9a-f]{36}, order: (.*)", done.stdout).split()[0] == first
    assert said("after the camera check: (.*)", done.stdout) == first
    check_what_it_says(done.stdout)


def check_what_it_says(printed: str) -> None:
    assert said("after the consent: (.*)", printed) == "camera_check"
    assert re.findall("^saved answer ([0-9])$", printed, re.MULTILINE) == list("123456789")
    said("saved 9 answers, some of them changed at once", printed)
    ended_by = said("interview completed: (.*)", printed)
    messages = re.findall("^> .+\n+.", printed, re.MULTILINE)
    assert len(messages) == 3 or (ended_by == "tag" and len(messages) == 2)
    said("picture kept: true, [0-9]+ bytes", printed)
    said("Uploaded 2 captures", printed)
    said("linked to the questionnaire: 2", printed)
    said("linked to the interview: 1", printed)
    said("state: COMPLETED, progress: 100", printed)
    said("answers read back: 10", printed)
    assert said("turns read back: (.*)", printed) == str(len(messages) + 1)
    said("pictures read back: 3", printed)
    assert said("score: (.*) of 0-27, moderate", printed) == "11"
    said(f"transcript: {len(messages) + 1} turns, the first message: I have been a bit tired.*", printed)
    said("file: as it was sent", printed)


async def test_the_script_stops_at_a_refusal_and_shows_it(
    serve: Callable[..., Service], database: Database, tmp_path: Path
) -> None:
    service = serve(database, web_concurrency=1)
    demo = await demo_of(database, service, tmp_path)
    content = json.loads(demo.read_text())
    content["participants"][0]["password"] = "not the password"
    demo.write_text(json.dumps(content))
    done = run(demo)
    assert done.returncode != 0
    assert "bad_credentials" in done.stderr
    assert done.stdout == ""
